/** What the benchmark driver finds in the page: each measurement loads what it compares when it is asked. */
const bench = {
  steps: async (batch: number, turns: number, steps: number) =>
    (await import('./steps.ts')).measureSteps(batch, turns, steps),
  openOurs: async (room: string) => (await import('./gossip.ts')).openOurs(room),
  openPeerJs: async (id: string, other: string, call: boolean) =>
    (await import('./gossip.ts')).openPeerJs(id, other, call),
  whenConnected: async (name: string) => (await import('./gossip.ts')).whenConnected(name),
  send: async (name: string, messages: number, bytes: number) =>
    (await import('./gossip.ts')).send(name, messages, bytes),
};

export type Bench = typeof bench;

Reflect.set(window, 'bench', bench);
