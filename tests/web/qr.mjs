// What a camera reads of a QR code on the page: of its picture, by another program than the one that made it.

import jsqr from "jsqr";

export async function read(code) {
  const picture = (await code.screenshot({ scale: "css" })).toString("base64");
  const { data, width, height } = await code.page().evaluate(async (base64) => {
    const octets = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const image = await createImageBitmap(new Blob([octets], { type: "image/png" }));
    const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
    canvas.drawImage(image, 0, 0);
    return { data: [...canvas.getImageData(0, 0, image.width, image.height).data], width: image.width, height: image.height };
  }, picture);
  // Cameras see light on dark as it is: neither does this turn it round.
  return jsqr(Uint8ClampedArray.from(data), width, height, { inversionAttempts: "dontInvert" })?.data ?? null;
}
