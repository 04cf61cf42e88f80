// Sentences of the page as one reads them: what is put into them stands between marks of its direction.

const MARKS = "[\\u2068\\u2069]*";

/** A text of the page that has these words, whatever marks stand among them. */
export function like(words) {
  const plain = [...words].map((one) => one.replace(/[.*+?^${}()|[\]\\]/, "\\$&"));
  return new RegExp(plain.join(MARKS));
}

/** The texts of a locator, without the marks. */
export const plain = async (locator) => (await locator.allInnerTexts()).map((text) => text.replaceAll(/[\u2068\u2069]/g, ""));
