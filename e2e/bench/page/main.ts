/** What the benchmark driver finds in the page: each measurement loads what it compares when it is asked. */
import type { Course } from './race.ts';
import type { ModelId } from './subject.ts';

const bench = {
  steps: async (model: ModelId, batch: number, course: Course) =>
    (await import('./steps.ts')).measureSteps(model, batch, course),
  repeatSteps: async (name: string, steps: number) => (await import('./steps.ts')).repeatSteps(name, steps),
  products: async (n: number, course: Course) => (await import('./matmul.ts')).measureProducts(n, course),
  cpuSteps: async (model: ModelId, batch: number, course: Course) =>
    (await import('./cpu.ts')).measureCpuSteps(model, batch, course),
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
