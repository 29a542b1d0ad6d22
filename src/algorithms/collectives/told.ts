/**
 * A few numbers that one worker measures and tells all others, so that nobody decides by numbers of its
 * own: norms are summed in an order that each device chooses, and may differ in the last bits.
 *
 * The speaker is the first worker, who is also the centre of a star. Numbers travel as f32, and the speaker
 * itself goes by what it sent.
 */
import type { Cost, Costing, Encoded, Node } from '../algorithm.ts';

const SPEAKER = 0;

/** Resolves to the speaker's `count` numbers, the same on every worker; only the speaker measures. */
export async function told(
  node: Node,
  tag: number,
  count: number,
  measure: () => Promise<readonly number[]>,
): Promise<readonly number[]> {
  if (node.rank !== SPEAKER) {
    let numbers: readonly number[] = [];
    for (const message of await node.gather(tag, [SPEAKER])) numbers = numbersIn(node, message, count);
    return numbers;
  }
  const message = messageOf(await measure());
  const numbers = numbersIn(node, message, count);
  for (const to of everyoneElse(node)) node.send(to, tag, message);
  return numbers;
}

/** Everybody's `own`, by rank, for the speaker; null for the others. */
export async function reported(
  node: Node,
  tag: number,
  own: readonly number[],
): Promise<readonly (readonly number[])[] | null> {
  const message = messageOf(own);
  const mine = numbersIn(node, message, own.length);
  if (node.rank !== SPEAKER) {
    node.send(SPEAKER, tag, message);
    return null;
  }
  const others = await node.gather(tag, everyoneElse(node));
  return [mine, ...others.map((other) => numbersIn(node, other, own.length))];
}

/** Of `told`, or of `reported`: the same messages, the other way. */
export function toldCost({ graph: { n }, dense }: Pick<Costing, 'graph' | 'dense'>, count: number): Cost {
  return { messages: n - 1, bytes: (n - 1) * dense(count) };
}

function messageOf(numbers: readonly number[]) {
  return { payload: new Uint8Array(Float32Array.from(numbers).buffer), wire: 0, length: numbers.length };
}

function numbersIn(node: Node, message: Encoded, count: number): readonly number[] {
  const { payload } = message;
  if (payload.length !== 4 * count) node.refuse(message, `${payload.length} bytes for ${count} numbers.`);
  const numbers = [...new Float32Array(payload.slice().buffer)];
  if (!numbers.every(Number.isFinite)) node.refuse(message, 'a number in it is not finite.');
  return numbers;
}

function everyoneElse({ size }: Node): readonly number[] {
  return Array.from({ length: size - 1 }, (_, index) => index + 1);
}
