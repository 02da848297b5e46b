/**
 * A random name of 128 bits, in hexadecimal. `crypto.randomUUID` exists only on https pages, and a card must be saved
 * from a page on plain http too (without a telephone: browsers give such a page no microphone).
 */
export function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}
