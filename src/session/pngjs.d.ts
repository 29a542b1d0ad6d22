/** The part of pngjs that is used; the package brings no declarations of its own. */
declare module 'pngjs' {
  interface Pixels {
    readonly width: number;
    readonly height: number;
    /** Red, green, blue, opacity. */
    readonly data: Uint8Array;
  }
  export const PNG: {
    readonly sync: { read(bytes: Uint8Array): Pixels; write(picture: Pixels): Uint8Array };
  };
}
