/** What the benchmark driver finds in the page: each measurement loads what it compares when it is asked. */
const bench = {
  steps: async (batch: number, turns: number, steps: number) =>
    (await import('./steps.ts')).measureSteps(batch, turns, steps),
  cpuSteps: async (model: 'mlp' | 'lenet', batch: number, warmUp: number, turns: number, turnMs: number) =>
    (await import('./cpu.ts')).measureCpuSteps(model, batch, warmUp, turns, turnMs),
  compressors: async (length: number, turns: number) =>
    (await import('./compressors.ts')).measureCompressors(length, turns),
  rounds: async (turns: number, rounds: number) => (await import('./rounds.ts')).measureRounds(turns, rounds),
  openOurs: async (room: string) => (await import('./gossip.ts')).openOurs(room),
  openPeerJs: async (id: string, other: string, call: boolean) =>
    (await import('./gossip.ts')).openPeerJs(id, other, call),
  whenConnected: async (name: string) => (await import('./gossip.ts')).whenConnected(name),
  send: async (name: string, messages: number, bytes: number) =>
    (await import('./gossip.ts')).send(name, messages, bytes),
};

export type Bench = typeof bench;

Reflect.set(window, 'bench', bench);
