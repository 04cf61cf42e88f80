// Other people's text.

/** Control characters, and those that turn the direction of what follows (Unicode TR 9), or that nobody sees: U+2800 is a braille pattern without a dot. */
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\u2800\p{Cc}\p{Zl}\p{Zp}\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;
/** The longest text of a peer that is shown, in characters. */
const MOST = 400;

const seen = (text) => text.replace(UNSEEN, "\u{fffd}");

/** Whole, line by line: for a text that is looked at as it is. */
export const lines = (text) => text.split(/\r?\n/).map((line) => seen(line.replaceAll("\t", "    ")));

/** What others wrote: nothing in it is unseen, and it is not endless. Put into a <bdi>. */
export function harmless(text) {
  const all = seen(String(text ?? "").slice(0, MOST + 1));
  return all.length > MOST ? `${all.slice(0, MOST)} …` : all;
}
