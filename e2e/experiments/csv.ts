/** `metrics.csv` and `timing.csv` as the lab's own page writes them. */
export * from '../../src/session/metrics-csv.ts';
