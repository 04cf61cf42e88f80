// The database as a text: read in, and written out.

import { html } from "../../vendor/preact.js";
import { Export } from "./export.js";
import { Import } from "./import.js";

export const Files = () => html`<div class="sides files">
  <${Import} />
  <${Export} />
</div>`;
