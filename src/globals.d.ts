/** Put in by the build (vite.config.ts): which build of the lab this is. */
declare const __LAB_VERSION__: string;
declare const __LAB_BUILT__: number;
/** What it was built from, as far as that is known (server/source.ts). */
declare const __LAB_SOURCE__: {
  readonly commit: string | null;
  readonly dirty: boolean | null;
  readonly lockfile: string | null;
};
