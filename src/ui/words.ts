/**
 * Every word the page says, in British English. Short, second person, no jargon without its explanation
 * nearby. Numbers arrive formatted; layout is none of this module's business.
 */
import type { Family } from '../recipe/schema.ts';
import type { Snapshot, WorkerHealth } from '../session/snapshot.ts';

const plural = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

const family: Readonly<Record<Family, string>> = {
  dataset: 'Data',
  partition: 'How the data is dealt',
  model: 'Model',
  algorithm: 'Algorithm',
  compressor: 'What is sent',
  topology: 'Who talks to whom',
};

const phase: Readonly<Record<Snapshot['phase'], string>> = {
  starting: 'Getting ready',
  idle: 'Ready',
  running: 'Running',
  paused: 'Paused',
  finished: 'Finished',
  stopped: 'Stopped',
};

const health: Readonly<Record<WorkerHealth, string>> = {
  active: 'active',
  hidden: 'hidden',
  paused: 'paused',
  suspected: 'not answering',
  gone: 'gone',
};

export const words = {
  title: 'Murmuration',
  tagline: 'Every tab is a worker. Neighbours gossip; the flock agrees without a leader.',
  family,
  phase,
  health,
  plural,

  sentence: {
    on: ' on ',
    learn: (one: boolean) => (one ? ' learns ' : ' learn '),
    withModel: ' with ',
    dealt: ', dealt ',
    by: ', by ',
    sending: ', sending ',
    ofEachChange: ' of each change',
    ofEachModel: ' of each model',
    rate: ', learning rate ',
    batch: ', batch ',
    seed: ', seed ',
    end: '.',
    more: 'more',
    workers: (count: number) => plural(count, 'worker'),
    workersUnknown: 'the workers here',
    edit: (what: string, value: string) => `${what}: ${value}. Change`,
    label: 'Recipe of this room',
  },

  editor: {
    apply: 'Use this',
    close: 'Close',
    choose: 'Choose one',
    options: 'Its settings',
    restarts: 'This changes the recipe for everyone in the room.',
    unchanged: 'Nothing changed yet.',
    moreTitle: 'More settings',
    workersTitle: 'Workers',
    workersHere: 'Workers in this tab',
    workersHereHelp: 'Virtual workers that share this tab. They count for this tab alone.',
    range: (allowed: string) => `Must be ${allowed}.`,
    yes: 'yes',
    no: 'no',
  },

  run: {
    label: 'Run',
    start: 'Start',
    pause: 'Pause',
    step: 'Step',
    reset: 'Reset',
    startHint: 'All workers in the room begin to train',
    pauseHint: 'Everyone stops before the next round',
    stepHint: 'Everyone does one round',
    resetHint: 'Everyone goes back to round 0',
    workers: 'Workers in this tab',
    fewer: 'One worker fewer in this tab',
    another: 'One more worker in this tab',
  },

  status: {
    starting: 'Starting the training session',
    failed: 'Not training.',
    round: 'Round',
    perSecond: 'rounds/s',
    waiting: (name: string, since: string) => `waiting for ${name}, ${since}`,
    signalling: {
      connected: '',
      connecting: 'looking for other tabs',
      down: 'signalling is down',
      none: '',
    },
    announce: (state: string, round: string) => `${state} at round ${round}.`,
  },

  room: {
    label: 'Room',
    copy: 'Copy link',
    copied: 'Link copied',
    copyFailed: 'Copy it from here',
    link: 'Link to this room',
    scan: 'Scan, or open this address',
    carrier: {
      webrtc: 'WebRTC',
      broadcast: 'tabs of this browser',
      memory: 'this tab only',
      unknown: 'unknown',
    },
  },

  view: {
    theme: {
      system: 'Theme: system',
      light: 'Theme: light',
      dark: 'Theme: dark',
    },
    projector: 'Projector',
    leaveProjector: 'Leave projector view',
    skip: 'Skip to the flock',
  },

  flock: {
    title: 'The flock',
    you: 'you',
    alone: 'A ring of one.',
    joinHint: 'Open this page in another tab and it joins the ring.',
    virtualHint: 'Or give this tab more workers.',
    empty: 'No workers yet',
    loss: 'Training loss',
    agreement: 'Nearer the middle: closer to the average model',
    width: 'Thicker line: more bytes a second',
    pulse: 'Pulse: a sample of the frames passing',
    hint: 'Arrow keys move, Enter opens, Escape closes.',
    state: (round: string, state: string) => `${state}, round ${round}.`,
    workerLabel: (parts: readonly string[]) => parts.join(', '),
    edgeLabel: (a: string, b: string, rate: string, carrier: string) =>
      `Link between ${a} and ${b}, ${rate} a second, ${carrier}`,
    noTraffic: 'no traffic',
    table: 'The flock as tables',
    left: (names: string) => `${names} left.`,
  },

  table: {
    workers: 'Workers',
    edges: 'Links',
    worker: 'Worker',
    state: 'State',
    backend: 'Computes on',
    round: 'Round',
    loss: 'Training loss',
    accuracy: 'Test accuracy',
    distance: 'Distance to average',
    sent: 'Sent',
    received: 'Received',
    rows: 'Training rows',
    link: 'Link',
    rate: 'Bytes a second',
    carrier: 'Carried by',
    testLoss: 'Test loss',
    tab: 'Tab',
    thisTab: 'this one',
    visible: 'visible',
    hidden: 'hidden',
    seat: 'Seat',
    peer: 'Peer',
  },

  inspector: {
    edge: (a: string, b: string) => `${a} – ${b}`,
    close: 'Close details',
    vanished: 'It is no longer part of the flock.',
    backends: { webgpu: 'GPU (WebGPU)', cpu: 'processor (cpu)', unknown: 'not known yet' },
    help: {
      distance: 'How far its parameters are from the average of all workers.',
      peer: 'The tab it lives in.',
    },
  },

  charts: {
    label: 'Measurements',
    loading: 'Loading the charts',
    axis: 'Against',
    axes: { rounds: 'rounds', bytes: 'bytes sent' },
    axisUnit: { rounds: 'rounds', bytes: 'sent' },
    loss: 'Training loss',
    lossUnit: 'nats',
    accuracy: 'Test accuracy',
    accuracyUnit: '%',
    consensus: 'Consensus distance',
    consensusUnit: 'Ξ, log scale',
    exact: 'exact',
    estimated: 'estimated from sketches',
    traffic: 'Traffic of this tab',
    trafficUnit: 'bytes',
    sent: 'sent',
    received: 'received',
    uncompressed: 'uncompressed',
    average: 'average',
    ofAverage: 'of the average model',
    mean: 'mean',
    band: (count: number) => `mean of ${count} workers, band from lowest to highest`,
    ratio: (times: string) => `${times}× less than uncompressed`,
    theory: 'gossip alone',
    theoryNote: (gap: string) =>
      `Dashed: how it would fall by gossip alone if learning stopped (spectral gap ${gap}).`,
    empty: {
      loss: 'The first loss shows a moment after Start.',
      accuracy: (every: number) => `Measured every ${plural(every, 'round')} on data no worker trains on.`,
      consensus: 'How far apart the models of two workers or more are, measured with the test accuracy.',
      traffic: 'What is sent, received, and what it would be without compression.',
    },
    summary: (title: string, value: string) => `${title}, latest ${value}.`,
  },

  mine: {
    title: 'My worker',
    several: (count: number) => `My ${plural(count, 'worker')}`,
    neighbours: 'Neighbours',
  },

  notices: {
    label: 'Notices',
    dismiss: 'Dismiss',
    levels: { info: 'Note', warning: 'Careful', error: 'Problem' },
    failedWhat: (reason: string) => `The training session did not start: ${reason}`,
    failedWorks: 'You can still read the recipe and change it.',
    failedTodo: 'Reload the page. If it stays, try another browser.',
    errors: (count: number) =>
      `${plural(count, 'message')} from other peers could not be understood and ${count === 1 ? 'was' : 'were'} dropped`,
  },
} as const;

/** What an entry of a registry is called in the sentence: the pressed words, and what follows them. */
export interface Phrase {
  readonly bold: string;
  readonly tail?: string;
}

const number = (value: unknown) => (typeof value === 'number' ? String(Number(value.toPrecision(3))) : '');

/**
 * Phrases that read better than label and options. An entry without one is shown by its label and those
 * of its options that are not at their default, so a new entry needs no word here.
 */
export const PHRASES: Readonly<
  Record<string, (options: Readonly<Record<string, unknown>>, algorithm: string) => Phrase>
> = {
  'dataset:digits': () => ({ bold: 'digits' }),
  'partition:iid': () => ({ bold: 'evenly' }),
  'partition:shards': ({ labels }) => ({ bold: `by label (${number(labels)} each)` }),
  'partition:dirichlet': ({ alpha }) => ({ bold: `unevenly (Dirichlet ${number(alpha)})` }),
  'model:mlp': ({ hidden }) => ({ bold: `an MLP (${Array.isArray(hidden) ? hidden.join(', ') : ''})` }),
  'compressor:none': (_, algorithm) => ({
    bold: 'every number',
    tail: algorithm === 'd-psgd' ? words.sentence.ofEachModel : words.sentence.ofEachChange,
  }),
  'compressor:one-bit': () => ({ bold: 'one bit a number', tail: words.sentence.ofEachChange }),
  'compressor:top-k': ({ ratio, k }) => ({
    bold:
      typeof k === 'number' && k > 0 ? `the top ${number(k)}` : `the top ${number(Number(ratio) * 100)} %`,
    tail: words.sentence.ofEachChange,
  }),
  'topology:ring': () => ({ bold: 'a ring' }),
  'topology:complete': () => ({ bold: 'a complete graph' }),
};
