import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ControlKind,
  type ControlMessage,
  decodeControl,
  encodeControl,
  MAX_COMMANDS,
  MAX_CONTROL_BYTES,
  MAX_RECIPE_LENGTH,
  MAX_SEATS,
  type ReportRow,
  reportMessages,
} from './control.ts';

const id = '0123456789abcdef';
const ballot = { counter: 4, leader: 'peer-b' };
const row: ReportRow = {
  seat: 2,
  round: 17,
  diverged: false,
  lossRound: 4,
  testRound: 4,
  trainLoss: 0.25,
  testLoss: null,
  testAccuracy: 0.91,
  bytesSent: 123_456_789_012,
  bytesReceived: 0,
  residualNorm: null,
  rows: 1000,
  edges: [
    [1, 100],
    [3, 200],
  ],
};
const standing = { id, counter: 5, leader: 'peer-b', size: 3, trained: true, established: true };
const view = {
  id,
  counter: 5,
  leader: 'peer-b',
  parent: '0000000000000000',
  startRound: 18,
  recipeVersion: 1,
  recipe: '{"seed":1}',
  run: { running: true, stopAt: null, epoch: 0, dealt: 3 },
  seats: [{ seat: 0, peer: 'peer-a', worker: 0, since: 1 }],
};

/** One example of every kind; the type makes sure that none is forgotten. */
const examples: { readonly [Kind in ControlKind]: Extract<ControlMessage, { kind: Kind }> } = {
  hello: {
    kind: 'hello',
    protocol: 1,
    lab: '0.1.0',
    built: 1_700_000_000_000,
    workers: 2,
    name: 'Ада 🐦',
    backend: 'cpu',
    adapter: 'TypeScript',
    hidden: true,
    view: standing,
    recipeHash: 'ab12',
    layoutHash: '',
  },
  refused: { kind: 'refused', reason: 'layout', message: 'Another model.' },
  heartbeat: {
    ...{ kind: 'heartbeat', view: standing, hears: ['peer-c'], misses: ['peer-a', 'peer-b'] },
    ...{ leads: true, owed: false },
  },
  pulse: { kind: 'pulse', ask: true },
  prepare: { kind: 'prepare', ballot, mode: 'abort', view: standing, member: true },
  promise: { kind: 'promise', ballot, next: 18, view: { id, counter: 4 } },
  reject: { kind: 'reject', ballot, view: { id, counter: 4 }, reason: 'junior' },
  commit: { kind: 'commit', ballot, view, mode: 'graceful', applied: [{ peer: 'peer-c', number: 7 }] },
  command: { kind: 'command', number: 3, command: { kind: 'start', stopAt: 200 } },
  report: { kind: 'report', rows: [row], epoch: 1 },
  bye: { kind: 'bye' },
};

const decodeText = (text: string) => decodeControl(new TextEncoder().encode(text));
const decodeValue = (value: unknown) => decodeText(JSON.stringify(value));
const messageOf = (value: unknown) => {
  const result = decodeValue(value);
  return result.ok ? '' : result.error.message;
};

describe('control messages', () => {
  it.each(Object.entries(examples))('%s comes back as it was', (_kind, message) => {
    expect(decodeControl(encodeControl(message))).toEqual({ ok: true, message });
  });

  it('has every command', () => {
    for (const command of [
      { kind: 'start', stopAt: null },
      { kind: 'pause' },
      { kind: 'step' },
      { kind: 'reset' },
      { kind: 'reset', model: '0f'.repeat(32) },
      {
        kind: 'reset',
        resumed: { id: '0f'.repeat(32), round: 7, dealt: 4, workers: 4, exact: true },
      },
      { kind: 'recipe', recipe: '{}', restart: true },
      { kind: 'renew' },
    ] as const) {
      const message: ControlMessage = { kind: 'command', number: 0, command };
      expect(decodeControl(encodeControl(message))).toEqual({ ok: true, message });
    }
  });

  it('drops unknown fields, so that a build with more of them is understood', () => {
    expect(decodeValue({ kind: 'bye', reason: 'tea' })).toEqual({ ok: true, message: { kind: 'bye' } });
    expect(decodeText('{"kind":"bye","__proto__":{"polluted":1}}')).toEqual({
      ok: true,
      message: { kind: 'bye' },
    });
  });

  it('names the field that is wrong', () => {
    expect(messageOf({ ...examples.hello, workers: -1 })).toContain('"workers"');
    expect(messageOf({ ...examples.commit, view: { ...view, seats: [{ seat: 0.5 }] } })).toContain(
      '"view.seats.0.',
    );
    expect(messageOf({ kind: 'nonsense' })).toContain('"kind"');
  });

  it('refuses what is out of bounds', () => {
    const many = <Item>(item: Item, length: number) => Array.from({ length }, () => item);
    const bad: unknown[] = [
      null,
      7,
      'bye',
      [],
      {},
      { ...examples.hello, name: 'x'.repeat(41) },
      { ...examples.hello, view: { ...examples.hello.view, id: 'ABCDEF0123456789' } },
      { ...examples.hello, recipeHash: '../etc' },
      { ...examples.heartbeat, view: { ...standing, id: id.slice(1) } },
      { ...examples.heartbeat, hears: many('p', MAX_SEATS + 1) },
      { ...examples.heartbeat, misses: many('p', MAX_SEATS + 1) },
      { ...examples.reject, reason: 'mood' },
      { ...examples.commit, applied: many({ peer: 'p', number: 1 }, MAX_COMMANDS + 1) },
      { ...examples.prepare, ballot: { counter: 2 ** 32, leader: 'a' } },
      { ...examples.prepare, ballot: { counter: 1, leader: '' } },
      { ...examples.commit, view: { ...view, recipe: 'x'.repeat(MAX_RECIPE_LENGTH + 1) } },
      { ...examples.commit, view: { ...view, seats: many(view.seats[0], MAX_SEATS + 1) } },
      { ...examples.commit, view: { ...view, seats: [{ ...view.seats[0], seat: 0xffff }] } },
      { ...examples.report, rows: many(row, 65) },
      { ...examples.report, rows: [{ ...row, edges: [[1]] }] },
      { ...examples.report, rows: [{ ...row, testAccuracy: 1.01 }] },
      { ...examples.report, rows: [{ ...row, bytesSent: 2 ** 53 }] },
      { ...examples.command, command: { kind: 'rm' } },
    ];
    for (const value of bad) expect(decodeValue(value).ok, JSON.stringify(value)?.slice(0, 80)).toBe(false);
    // JSON can say infinity: 1e999.
    expect(decodeText(JSON.stringify(examples.report).replace('0.25', '1e999')).ok).toBe(false);
  });

  it('gives for any bytes or any JSON a message or a named error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const result = decodeControl(bytes);
        if (!result.ok) expect(result.error.name).toBe('control');
      }),
      { numRuns: 1000 },
    );
    const anyField = fc.oneof(fc.jsonValue(), fc.constantFrom<unknown>(null, -1, 2 ** 60, [], {}, 'x'));
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(examples)),
        fc.nat(20),
        anyField,
        (message, which, value) => {
          const keys = Object.keys(message);
          const result = decodeValue({ ...message, [keys[which % keys.length] ?? 'kind']: value });
          if (!result.ok) expect(result.error.message.length).toBeLessThan(400);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('refuses what is too long, too deep or not UTF-8', () => {
    expect(decodeControl(new Uint8Array(MAX_CONTROL_BYTES + 1))).toMatchObject({
      error: { name: 'too-large' },
    });
    expect(decodeText('['.repeat(MAX_CONTROL_BYTES))).toMatchObject({ error: { name: 'control' } });
    expect(decodeValue({ kind: 'hello', view: 'x'.repeat(60_000) })).toMatchObject({ ok: false });
    expect(decodeControl(Uint8Array.of(0x22, 0xff, 0x22))).toMatchObject({ error: { name: 'control' } });
  });

  it('does not send what no peer would accept', () => {
    expect(() => encodeControl({ ...examples.hello, name: 'x'.repeat(41) })).toThrow(RangeError);
    const wide = Array.from({ length: 64 }, () => [65_000, 1e15] as const);
    const rows = Array.from({ length: 64 }, () => ({ ...row, adapter: 'x'.repeat(120), edges: wide }));
    expect(() => encodeControl({ kind: 'report', rows, epoch: 0 })).toThrow(RangeError);
    const split = reportMessages(rows, 3);
    expect(split.flatMap((message) => message.rows)).toEqual(rows);
    for (const message of split) expect(decodeControl(encodeControl(message)).ok).toBe(true);
  });

  it('has room for the largest view', () => {
    const seats = Array.from({ length: MAX_SEATS }, (_, seat) => ({
      seat: 65_000 + seat,
      peer: 'p'.repeat(64),
      worker: 63,
      since: 4_294_967_295,
    }));
    const recipe = JSON.stringify({ long: 'x'.repeat(MAX_RECIPE_LENGTH - 20) });
    const applied = Array.from({ length: MAX_COMMANDS }, () => ({
      peer: 'p'.repeat(64),
      number: 4_294_967_295,
    }));
    const largest: ControlMessage = { ...examples.commit, view: { ...view, seats, recipe }, applied };
    expect(decodeControl(encodeControl(largest)).ok).toBe(true);
  });
});
