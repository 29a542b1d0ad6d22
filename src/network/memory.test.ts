import { describe, expect, test } from 'vitest';
import { combine } from './combined.ts';
import { joinedPair, Probe, pattern, transportContract } from './contract.ts';
import { MemoryHub } from './memory.ts';

const flock = () => {
  const hub = new MemoryHub();
  return { hub, endpoint: (i: number) => hub.connect(`peer${i}`), end: () => {} };
};

/** Resolves after everything that is under way in the microtask queue. */
const settled = async () => {
  for (let i = 0; i < 20; i++) await null;
};

describe('memory', () => {
  transportContract('memory', flock);

  test('cut: messages vanish and nobody is told; heal brings both back', async () => {
    const all = flock();
    const [a, b] = await joinedPair(all);
    all.hub.cut('peer0', 'peer1');
    await a.transport.send('peer1', 'bulk', pattern(4, 1));
    await settled();
    expect(b.messages).toEqual([]);
    expect([a.leaves, b.leaves]).toEqual([[], []]);
    b.transport.drop('peer0', 'silent');
    await settled();
    expect([a.leaves.length, b.leaves.length]).toEqual([0, 1]);
    all.hub.heal('peer0', 'peer1');
    await a.until(() => a.joins.length === 2);
    await b.until(() => b.joins.length === 2);
    expect([a.leaves.length, b.leaves.length]).toEqual([1, 1]);
    await a.transport.send('peer1', 'bulk', pattern(4, 2));
    await settled();
    expect(b.messages.map(({ bytes }) => bytes)).toEqual([pattern(4, 2)]);
  });

  test('crash: silent both ways, and what it sends vanishes', async () => {
    const all = flock();
    const [a, b] = await joinedPair(all);
    all.hub.crash('peer0');
    await a.transport.send('peer1', 'control', pattern(4, 1));
    await b.transport.send('peer0', 'control', pattern(4, 1));
    await settled();
    expect([a.messages, b.messages, a.leaves, b.leaves]).toEqual([[], [], [], []]);
    expect(() => all.hub.connect('peer0')).toThrow(/already used/);
  });

  test('the same calls give the same events in the same order', async () => {
    const run = async () => {
      const log: string[] = [];
      const hub = new MemoryHub();
      const ends = [0, 1, 2, 3].map((i) => hub.connect(`p${i}`));
      for (const end of ends) {
        end.open({
          onJoin(peer) {
            log.push(`${end.self} joined ${peer}`);
            void end.send(peer, 'bulk', pattern(3, log.length));
          },
          onLeave: (peer) => log.push(`${end.self} left ${peer}`),
          onMessage: (peer, lane, bytes) => log.push(`${end.self} got ${lane} ${bytes} from ${peer}`),
        });
      }
      await settled();
      ends[2]?.drop('p1', 'x');
      await settled();
      return log;
    };
    const first = await run();
    expect(first.length).toBe(12 + 12 + 2);
    expect(await run()).toEqual(first);
  });

  test('a schedule may delay: order within a link holds', async () => {
    const late: (() => void)[] = [];
    const hub = new MemoryHub({ schedule: (deliver) => late.push(deliver) });
    const a = new Probe(hub.connect('a'));
    const b = new Probe(hub.connect('b'));
    await settled();
    expect(a.joins).toEqual([]);
    for (const action of late.splice(0)) action();
    await settled();
    await a.transport.send('b', 'bulk', pattern(2, 1));
    await a.transport.send('b', 'control', pattern(2, 2));
    expect(b.messages).toEqual([]);
    for (const action of late.splice(0)) action();
    expect(b.messages.map(({ lane }) => lane)).toEqual(['bulk', 'control']);
  });
});

describe('combined over two memory hubs', () => {
  transportContract('memory', () => {
    const first = new MemoryHub();
    const second = new MemoryHub();
    return {
      endpoint: (i) => combine([first.connect(`peer${i}`), second.connect(`peer${i}`)]),
      end: () => {},
    };
  });

  const late = () => {
    const first = new MemoryHub();
    const second = new MemoryHub();
    const a = combine([first.connect('a')]);
    const b = combine([first.connect('b')]);
    return { first, second, a, b };
  };

  test('a carrier opened late finds peers the first does not reach', async () => {
    const { first, second, a, b } = late();
    first.cut('a', 'b');
    const [left, right] = [new Probe(a), new Probe(b)];
    await settled();
    expect(left.joins).toEqual([]);
    a.openLate(second.connect('a'));
    b.openLate(second.connect('b'));
    await left.until(() => left.joins.length === 1);
    await right.until(() => right.joins.length === 1);
    await a.send('b', 'bulk', pattern(9, 9));
    await right.until(() => right.messages.length === 1);
    expect(right.messages[0]?.bytes).toEqual(pattern(9, 9));
  });

  test('messages are taken from any carrier, and the loss of the bound one ends them all', async () => {
    const [first, second] = [new MemoryHub(), new MemoryHub()];
    const a = new Probe(combine([first.connect('a'), second.connect('a')]));
    const near = new Probe(first.connect('b'));
    const far = new Probe(second.connect('b'));
    await a.until(() => a.joins.length === 1);
    await far.until(() => far.joins.length === 1);
    await a.transport.send('b', 'bulk', pattern(3, 1));
    await near.until(() => near.messages.length === 1);
    await far.transport.send('a', 'control', pattern(3, 2));
    await a.until(() => a.messages.length === 1);
    near.transport.drop('a', 'silent');
    await far.until(() => far.leaves.length === 1);
    await settled();
    expect([a.joins, a.leaves.length, a.transport.peers()]).toEqual([['b'], 1, []]);
    expect(far.messages).toEqual([]);
  });

  test('carriers must share the id', () => {
    const hub = new MemoryHub();
    expect(() => combine([hub.connect('a'), hub.connect('b')])).toThrow(/share its id/);
  });
});
