// Other people's text.

/** Control characters, and those that turn the direction of what follows (Unicode TR 9), or that nobody sees. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;
/** The longest text of a peer that is shown, in characters. */
const MOST = 400;

/** What others wrote: nothing in it is unseen, and it is not endless. Put into a <bdi>. */
export function harmless(text) {
  const seen = String(text ?? "").slice(0, MOST + 1).replace(UNSEEN, "\u{fffd}");
  return seen.length > MOST ? `${seen.slice(0, MOST)} …` : seen;
}
