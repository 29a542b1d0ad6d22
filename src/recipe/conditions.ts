/**
 * Emulated conditions of a run: how long a gradient takes, which workers are slower, and what the links
 * between workers are like. They are part of the recipe, because under a virtual clock they decide what
 * happens; this reads their text. What they do is the session's and the network's affair.
 *
 *   compute    20ms,jitter=10%                                          uniform within ±10 %
 *   straggler  3:10x,5:2x                                               seat 3 ten times slower, seat 5 twice
 *   link       bandwidth=10mbit,latency=50ms,jitter=5ms,loss=1%,per=link   each part may be left out
 */
import { OptionError } from '../base/options.ts';
import { shown } from '../base/wording.ts';

/** Time of one gradient, drawn uniformly from milliseconds · (1 ± jitter). */
export interface ComputeTime {
  readonly milliseconds: number;
  /** 0 to 1. */
  readonly jitter: number;
}

export interface LinkQuality {
  /** Bits a second; infinite if not limited. */
  readonly bandwidth: number;
  /** One way, in milliseconds. */
  readonly latency: number;
  /** Milliseconds by which the latency of a message varies: uniform within ± this. */
  readonly jitter: number;
  /** Share of packets that are lost, 0 to below 1. */
  readonly loss: number;
  /** What has the bandwidth: each direction of each link, or all that one worker sends. */
  readonly per: 'link' | 'worker';
}

export interface Conditions {
  /** null: as long as it takes. */
  readonly compute: ComputeTime | null;
  /** How many times slower, by seat. */
  readonly stragglers: ReadonlyMap<number, number>;
  /** null: as the network is. */
  readonly link: LinkQuality | null;
}

const WORDS = {
  compute: 'a time and perhaps its jitter, such as 20ms,jitter=10%',
  straggler: 'seats and how many times slower they are, such as 3:10x or 0:2x,3:10x',
  link: 'bandwidth=10mbit,latency=50ms,jitter=5ms,loss=1%,per=link (or per=worker), or some of these',
} as const;

const MAX_MS = 3_600_000;
const UNITS: Readonly<Record<string, number>> = { us: 1e-3, ms: 1, s: 1000 };
const RATES: Readonly<Record<string, number>> = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 };
const MEASURE = /^(\d+(?:\.\d+)?)([a-z%]+)$/;

function refuse(name: keyof typeof WORDS, text: string, why: string): never {
  throw new OptionError(`${name}: ${shown(text)} is not allowed (${why}); it must be ${WORDS[name]}.`);
}

function measured(text: string, units: Readonly<Record<string, number>>): number | null {
  const [, digits, unit] = MEASURE.exec(text) ?? [];
  const factor = unit !== undefined && Object.hasOwn(units, unit) ? units[unit] : undefined;
  return factor === undefined ? null : Number(digits) * factor;
}

const timeIn = (text: string): number | null => {
  const time = measured(text, UNITS);
  return time === null || time > MAX_MS ? null : time;
};

const shareIn = (text: string): number | null => {
  const share = measured(text, { '%': 0.01 });
  return share === null || share > 1 ? null : share;
};

const partsOf = (text: string) => text.split(',').map((part) => part.trim());

function computeIn(text: string): ComputeTime | null {
  if (text === '') return null;
  const [first = '', ...rest] = partsOf(text);
  const milliseconds = timeIn(first);
  if (milliseconds === null || milliseconds === 0) {
    refuse('compute', text, `${first} is no time in us, ms or s above 0 and up to an hour`);
  }
  let jitter = 0;
  for (const part of rest) {
    const [name, value = ''] = part.split('=', 2);
    const share = shareIn(value);
    if (name !== 'jitter' || share === null || share === 1)
      refuse('compute', text, `${part.slice(0, 40)} is no jitter below 100%`);
    jitter = share;
  }
  return { milliseconds, jitter };
}

function stragglersIn(text: string): ReadonlyMap<number, number> {
  const stragglers = new Map<number, number>();
  if (text === '') return stragglers;
  for (const part of partsOf(text)) {
    const [, seat, digits] = /^(\d{1,5}):(\d+(?:\.\d+)?)x$/.exec(part) ?? [];
    const factor = Number(digits);
    if (seat === undefined || !(factor >= 1 && factor <= 1000)) {
      refuse('straggler', text, `${part.slice(0, 40)} is no seat with a factor from 1x to 1000x`);
    }
    if (stragglers.has(Number(seat))) refuse('straggler', text, `seat ${seat} is named twice`);
    stragglers.set(Number(seat), factor);
  }
  return stragglers;
}

function linkIn(text: string): LinkQuality | null {
  if (text === '') return null;
  const link = {
    bandwidth: Number.POSITIVE_INFINITY,
    latency: 0,
    jitter: 0,
    loss: 0,
    per: 'link' as LinkQuality['per'],
  };
  const known = new Set<string>();
  for (const part of partsOf(text)) {
    const [name = '', value = ''] = part.split('=', 2);
    if (known.has(name)) refuse('link', text, `${name.slice(0, 40)} is given twice`);
    known.add(name);
    if (name === 'bandwidth') {
      const rate = measured(value, RATES);
      if (rate === null || rate < 1 || rate > 1e12)
        refuse('link', text, `${part.slice(0, 40)} is no rate in bit, kbit, mbit or gbit a second`);
      link.bandwidth = rate;
    } else if (name === 'latency' || name === 'jitter') {
      const time = timeIn(value);
      if (time === null) refuse('link', text, `${part.slice(0, 40)} is no time in us, ms or s up to an hour`);
      link[name] = time;
    } else if (name === 'loss') {
      const share = shareIn(value);
      if (share === null || share > 0.9)
        refuse('link', text, `${part.slice(0, 40)} is no share from 0% to 90%`);
      link.loss = share;
    } else if (name === 'per' && (value === 'link' || value === 'worker')) {
      link.per = value;
    } else {
      refuse('link', text, `${part === '' ? 'an empty part' : part.slice(0, 40)} is none of them`);
    }
  }
  return link;
}

/**
 * Reads the three texts; each may be empty.
 * @throws {OptionError} with one line that says what is wrong and what is allowed.
 */
export function conditionsIn(given: {
  readonly compute: string;
  readonly straggler: string;
  readonly link: string;
}): Conditions {
  return {
    compute: computeIn(given.compute),
    stragglers: stragglersIn(given.straggler),
    link: linkIn(given.link),
  };
}
