/** Put in by the build (vite.config.ts): which build of the lab this is. */
declare const __LAB_VERSION__: string;
declare const __LAB_BUILT__: number;
