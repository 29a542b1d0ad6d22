/** Programs compiled by `asc-plugin.ts`: a WebAssembly module as base64 text. */
declare module '*?asc' {
  const base64: string;
  export default base64;
}
