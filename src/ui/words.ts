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
  optimizer: 'Optimizer',
  schedule: 'Learning rate over time',
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
    undealt: ', every worker on all of its tab’s file',
    by: ', by ',
    sending: ', sending ',
    ofEachChange: ' of each change',
    ofEachModel: ' of each model',
    stepping: ', stepping by ',
    rate: ', learning rate ',
    clipped: ', gradients clipped to norm ',
    batch: ', batch ',
    allRows: 'all rows',
    from: ', starting from ',
    zeros: 'zeros',
    spread: 'points of their own',
    control: ', a negative control that allows ',
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
    restartsWith: (along: readonly (readonly [family: string, id: string])[]) =>
      `This changes the recipe for everyone in the room, and with it ${along
        .map(([family, id]) => `the ${family} (${id})`)
        .join(' and ')}.`,
    needs: (needs: string) => `Needs: ${needs}.`,
    lossPolicy: {
      'view-change': 'When a worker leaves, its round is repeated by those who stay.',
      'fold-into-self': 'A missing neighbour’s weight falls to oneself.',
      tolerates: 'Lost messages are part of it.',
    },
    cost: (bytes: string, messages: number, workers: number) =>
      `A round: ${bytes} in ${messages} messages between ${workers} workers.`,
    unchanged: 'Nothing changed yet.',
    asControl: 'Run it all the same',
    asControlHelp:
      'It can run all the same as a negative control, to show what goes wrong; the recipe says so to everyone in the room.',
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
    diverged: 'Diverged',
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
    othersOpen: 'Others open',
    plainHttp: 'Plain http: the processor computes there, not WebGPU.',
    onlyHere: 'This address works on this machine alone. Start the lab with HOST=0.0.0.0 to let others in.',
    carrier: {
      webrtc: 'WebRTC',
      broadcast: 'tabs of this browser',
      memory: 'this tab only',
      unknown: 'unknown',
    },
    refused: {
      title: 'This room’s name cannot be used',
      name: (name: string) => `“${name}”`,
      works: 'You have joined no room, and nothing is lost.',
      choose: 'Choose another',
      rule: (rule: string) => `Allowed are ${rule}.`,
      go: 'Go to this room',
      host: 'Go to this server’s room',
      fresh: 'Open a fresh room',
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
    residual: 'Left out so far',
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
      distance:
        'How far its parameters are from the average of all workers; not measured where a server’s model counts.',
      residual: 'Norm of what compression has left out and error feedback will still send.',
      peer: 'The tab it lives in.',
    },
  },

  staleness: {
    title: 'Staleness of gradients',
    help: 'Updates of the model between the start of a gradient and its use, and how often.',
    none: 'Nothing is measured here yet. Where there is a server, it measures for all.',
    summary: (mean: string, most: string) => `On average ${mean}, at most ${most}.`,
    updates: 'Updates',
    gradients: 'Gradients',
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
    /** The line of the model that the run reports, and what its latest value is of. */
    reported: { server: 'server', replica: 'all', average: 'average', 'de-biased': 'de-biased' },
    ofReported: {
      server: 'of the server’s model',
      replica: 'of the one model that all hold',
      average: 'of the average model',
      'de-biased': 'of the de-biased average',
    },
    mean: 'mean',
    ofOwn: 'of the workers’ own models, on average',
    ownNote: 'The average of models in several tabs is not known while they train; How well asks for it.',
    band: (count: number) => `mean of ${count} workers, band from lowest to highest`,
    ratio: (times: string) => `${times}× less than uncompressed`,
    theory: 'gossip alone',
    dashedNote: 'Dashed: how it would fall by gossip alone if learning stopped.',
    matrix: {
      eigenvalues: (lambda2: string, lambdaN: string) => `λ₂ ${lambda2}, λₙ ${lambdaN}, `,
      gap: (gap: string) => `spectral gap ${gap}: `,
      left: (share: string) => `gossip alone leaves ${share} of the distance a round`,
      exact: 'one round of gossip alone averages exactly',
      never: 'gossip alone never agrees',
      measured: (share: string) => `, measured ${share}`,
    },
    empty: {
      loss: 'The first loss shows a moment after Start.',
      unlearned: 'Nobody learns here: the workers only come to agree, so there is no training loss.',
      accuracy: (every: number) => `Measured every ${plural(every, 'round')} on data no worker trains on.`,
      agreed: 'No difference between the models was measured.',
      consensus: 'How far apart the models of two workers or more are, measured with the test accuracy.',
      server: 'Here the model that counts is the server’s: nobody has to agree with anybody.',
      traffic: 'What is sent, received, and what it would be without compression.',
    },
    summary: (title: string, value: string) => `${title}, latest ${value}.`,
  },

  mine: {
    title: 'My worker',
    several: (count: number) => `My ${plural(count, 'worker')}`,
    missed: 'Packets missed',
    missedOf: (missed: string, expected: string) => `${missed} of ${expected}`,
  },

  model: {
    label: 'The model',
    open: { try: 'Try it', mistakes: 'How well', keep: 'Keep it' },
    loading: 'Loading',
    reported: {
      server: 'the server’s',
      replica: 'everybody’s',
      average: 'average',
      'de-biased': 'de-biased average',
    },
    reportedOf: {
      server: 'the server’s model',
      replica: 'the one model that all hold',
      average: 'the average of all workers',
      'de-biased': 'the de-biased average of all workers',
    },
    mine: (name: string) => `${name} (mine)`,
    asOf: (round: string) => `round ${round}`,
    says: (name: string, answer: string, sure: string) => `${name}: ${answer}, ${sure}`,
    value: 'predicts',
    draw: {
      label: 'Draw here',
      help: 'Draw with the mouse, a finger or a pen; drop or choose a picture; or step through the test examples with the arrows.',
      clear: 'Clear',
      file: 'A picture from a file',
      badFile: (name: string) => `${name} is no picture that this browser can read. Choose a PNG or JPEG.`,
      previous: 'Previous test example',
      next: 'Next test example',
      example: (index: string, count: string, label: string) =>
        `Test example ${index} of ${count}: it is ${label}.`,
      seen: 'What the model sees',
      centred: (width: number, height: number) =>
        `Scaled and centred by its mass in ${width} × ${height} pixels, as the training pictures were.`,
      fitted: (width: number, height: number) => `Scaled to fit into ${width} × ${height} pixels.`,
      asIs: 'As it is in the test set.',
      empty: 'Draw something, and every worker says what it sees.',
    },
    plane: {
      help: 'The colour of each place is the class that the model sees there; paler where it is unsure. Dots are rows held out for testing, in the colour of what they are. Click a place, or move the mark with the two sliders.',
      label: (name: string) => `Decision boundary of ${name}`,
      x: 'Left to right',
      y: 'Bottom to top',
      at: (x: string, y: string) => `At (${x}, ${y})`,
    },
    rows: {
      help: 'What the models say of rows they were not trained on.',
      feature: 'Feature',
      value: 'Value',
    },
    write: {
      prompt: 'Begin with',
      temperature: 'Boldness',
      temperatureHelp: '0 always takes the likeliest character; 1 draws as the model believes.',
      who: 'Who writes',
      write: 'Write',
      stop: 'Stop',
      text: 'Written',
    },
    mistakes: {
      whose: 'Whose',
      again: 'Measure again',
      waiting: 'Measuring…',
      noClasses:
        'Only a model that tells classes apart can take one for another. How good this one is shows in the table of workers, as its test loss.',
      matrix: 'Rows: what it is. Columns: what the model took it for.',
      truth: 'is',
      predicted: 'taken for',
      cell: (truth: string, predicted: string, count: string) =>
        `${count} rows: ${truth}, taken for ${predicted}`,
      perClass: 'right',
      total: (right: string, rows: string, round: string) =>
        `${right} right of ${rows} test rows, at round ${round}.`,
      part: (rows: string, available: string) => `The first ${rows} of ${available} test rows.`,
      worst: 'Most wrong',
      worstHelp: 'Test rows whose truth the model thought least likely.',
      none: 'It has taken none for another.',
      one: (truth: string, predicted: string, sure: string) =>
        `${truth}, taken for ${predicted} (${sure} sure)`,
    },
    keep: {
      whose: 'Which model',
      download: 'Download safetensors',
      onnx: 'Download ONNX',
      onnxHelp: 'ONNX is for other programs: it takes rows as your file has them, and cannot be loaded here.',
      noOnnx: 'There is no ONNX of models that write.',
      nameless: 'A model without a name',
      damaged:
        'It can no longer be read here: what was noted about it is damaged. Its file is still there; download it before you delete it.',
      gone: 'Its file is gone; delete it.',
      load: 'Load a file',
      loadHelp:
        'A safetensors file can be loaded again, here or in another room: every worker begins from it, at round 0.',
      loaded: 'Loaded: every worker begins from it. Press Start to train it on.',
      save: 'Save in this browser',
      name: 'Name',
      saved: (name: string) => `Saved as “${name}”.`,
      automatic: 'Save my model automatically',
      automaticEvery: 'every',
      automaticUnit: 'evaluations',
      automaticName: (worker: string, room: string) => `${worker}, latest in room ${room}`,
      autosaveFailed: {
        works: 'Training goes on; only the automatic copy of your model is missing.',
        todo: 'See “Keep it” below the charts.',
      },
      library: 'Saved in this browser',
      empty: 'Nothing is saved yet.',
      date: 'When',
      recipe: 'Recipe',
      score: 'Score',
      atRound: (round: string) => `round ${round}`,
      loss: (loss: string) => `loss ${loss}`,
      use: 'Load',
      get: 'Download',
      remove: 'Delete',
      useNamed: (name: string) => `Load ${name}`,
      getNamed: (name: string) => `Download ${name}`,
      removeNamed: (name: string) => `Delete ${name}`,
      removeSure: 'Really delete?',
      removeSureNamed: (name: string) => `Really delete ${name}? It cannot be brought back.`,
      useRecipe: 'Use its recipe for the room',
      run: 'The run',
      runJson: 'run.json',
      metrics: 'metrics.csv',
      svg: 'Charts as SVG',
      png: 'Charts as PNG',
      noCharts: 'There is no chart yet: press Start first.',
      noRows: 'Nothing is measured yet: press Start first.',
    },
  },

  broken: {
    /** Each begins a sentence. */
    parts: {
      page: 'This page',
      sentence: 'The recipe',
      run: 'The row of buttons',
      mine: 'The card of your worker',
      flock: 'The picture of the flock',
      charts: '“Measurements”',
      inspector: 'The card of details',
      model: 'The part “The model”',
      tables: '“The flock as tables”',
      try: '“Try it”',
      mistakes: '“How well”',
      keep: '“Keep it”',
      keeper: 'What saves models automatically',
      data: '“Your own data”',
      notices: 'The list of notices',
      room: 'The link to this room',
      projector: 'The projector view',
    },
    shown: (part: string, why: string) => `${part} could not be shown: ${why.replace(/[.!]$/, '')}.`,
    works: 'Training goes on, and so does the rest of the page.',
    worksBelow:
      'Only the page is affected: training goes on in its own thread, and others see no difference.',
    todo: 'Try again; if it fails once more, download your model and reload this tab.',
    lateTodo:
      'Try again when the server answers; if it has another version now, download your model and reload this tab.',
    again: 'Try again',
    save: 'Download my model',
    saved: 'Handed to your browser as a file.',
    noModel: 'There is no model in this tab yet.',
  },

  data: {
    title: 'Your own data',
    open: 'Data',
    openHint: 'Bring your own data, and see who holds what',
    own: 'Bring your own data…',
    close: 'Close',
    promise: 'What you bring is kept in this browser and never leaves it.',
    dropHere:
      'Drop files anywhere on this page: a table (CSV or TSV), a text, pictures in class folders (a folder or a zip), or IDX files such as Fashion-MNIST.',
    dropNow: 'Drop it to bring it here',
    pick: 'Choose files',
    pickFolder: 'Choose a folder',
    url: 'Or an address',
    urlPlaceholder: 'https://…',
    fetch: 'Fetch',
    working: {
      fetching: (name: string) => `Fetching ${name}`,
      keeping: (name: string) => `Keeping ${name}`,
      reading: (name: string) => `Reading ${name}`,
    },
    pictures: (count: string) => `${count} pictures so far`,
    of: (done: string, total: string) => `${done} of ${total}`,
    kept: 'Kept in this browser',
    none: 'Nothing yet. Drop a file, and it stays here until you delete it.',
    file: 'File',
    size: 'Size',
    files: (count: number) => `${count} files`,
    actions: 'What to do',
    look: 'Look into it',
    lookAt: (name: string) => `Look into ${name}`,
    forget: 'Delete',
    forgetIt: (name: string) => `Delete ${name}`,
    room: (used: string, most: string) => `${used} of ${most} in use by this address`,
    kinds: { csv: 'a table', idx: 'IDX pictures', images: 'pictures in class folders', text: 'a text' },
    recognised: (name: string, kind: string) => `${name}: ${kind}`,
    rows: 'Rows',
    rowsOf: (train: string, test: string) => `${train} to train on, ${test} for testing`,
    rowsAll: (train: string) => `${train}, all to train on`,
    features: 'Numbers a row',
    image: 'Size of a picture',
    imageSize: (width: number, height: number, channels: number) =>
      `${width} × ${height} pixels, ${channels === 1 ? 'grey' : channels === 3 ? 'colour' : `${channels} channels`}`,
    classes: (count: number) => plural(count, 'class', 'classes'),
    range: 'Predicted numbers',
    rangeOf: (least: string, greatest: string) => `from ${least} to ${greatest}`,
    columns: (count: number) => plural(count, 'column'),
    column: 'Column',
    kind: 'Holds',
    columnKinds: { numbers: 'numbers', texts: 'texts' },
    use: 'Use',
    target: 'the target',
    left: 'not used',
    leftOut: (count: number) => `${count} not used`,
    predictFrom: (column: string) => `Predict from ${column}`,
    predictor: 'to predict from',
    targetLabel: 'Column to predict',
    standardise:
      'Standardise: shift and scale columns of numbers to mean 0 and variance 1 of the training rows',
    testLabel: 'Share for testing',
    testChoices: {
      '0': 'none: score on the training rows',
      '0.1': '10 %',
      '0.2': '20 %',
      '0.3': '30 %',
      '0.5': '50 %',
    },
    readAs: 'Read as',
    sizeLabel: 'Scale pictures to',
    sizeOf: (side: number) => `${side} × ${side}`,
    colourLabel: 'Colours',
    colours: { grey: 'grey', colour: 'red, green and blue' },
    private: 'Every tab brings a file of its own with the same columns and classes; each trains on all of it',
    useIt: 'Use it',
    takePart: 'Take part with it',
    inUse: 'The room uses it.',
    useHint: 'This changes the recipe for everyone in the room. Other tabs need the file too.',
    privateHint: 'This changes the recipe for everyone in the room. Other tabs drop files of their own.',
    takePartHint: 'The room wants a file of each tab; this one stays here.',
    holdings: 'Who holds what',
    noHoldings: 'Shown once the data is loaded.',
    heterogeneity: 'Difference of classes',
    heterogeneityHelp:
      'Mean distance between the classes of a worker and those of all: 0 if all hold the same mix, near 1 if each has classes of its own.',
    gradients: 'Difference of gradients, ζ²',
    gradientsAsk:
      'How far the workers’ gradients lie from their mean where all begin; measuring goes through the data once.',
    gradientsHelp: (mean: string) =>
      `Mean squared distance of a worker’s gradient to the mean gradient where all begin, whose own square is ${mean}.`,
    gradientsPart: (rows: string, available: string) => `Over ${rows} of ${available} rows.`,
    measure: 'Measure',
    measuring: 'Measuring…',
    imbalance: 'Largest to smallest',
    imbalanceHelp: 'Rows of the worker with most, divided by those of the worker with least.',
    preview: 'As the data would be dealt if you pressed Start now.',
    ownOnly: 'Of private data you see your own only; nobody else’s is known here.',
    bar: (name: string, rows: string, parts: string) => `${name}: ${rows} rows. ${parts}`,
    rowsShort: (rows: string) => `${rows} rows`,
    ranges: 'Ranges of the number to predict',
    classesLabel: 'Classes',
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

/** Where every tab brings its own. */
const OWN_FILES = 'a file of each tab';

const fileOf = (path: unknown, otherwise: string) => String(path).replace(/^.*[\\/]/, '') || otherwise;

const number = (value: unknown) => (typeof value === 'number' ? String(Number(value.toPrecision(3))) : '');

/** What all schedules have in common. */
const warmUp = ({ warmupRounds, linearScaling }: Readonly<Record<string, unknown>>) =>
  (linearScaling === true ? ', times the number of workers' : '') +
  (typeof warmupRounds === 'number' && warmupRounds > 0
    ? `, after ${words.plural(warmupRounds, 'round')} of warm-up`
    : '');

/**
 * Phrases that read better than label and options. An entry without one is shown by its label and those
 * of its options that are not at their default, so a new entry needs no word here.
 */
export const PHRASES: Readonly<
  Record<string, (options: Readonly<Record<string, unknown>>, algorithm: string) => Phrase>
> = {
  'dataset:digits': () => ({ bold: 'digits' }),
  'dataset:csv': ({ file, target, private: own }) => ({
    bold: own === true ? OWN_FILES : fileOf(file, 'a table'),
    ...(target === '' ? {} : { tail: ` (${String(target)})` }),
  }),
  'dataset:idx': ({ file, private: own }) => ({ bold: own === true ? OWN_FILES : fileOf(file, 'pictures') }),
  'dataset:images': ({ file, private: own }) => ({
    bold: own === true ? OWN_FILES : fileOf(file, 'pictures'),
  }),
  'dataset:text': ({ file, private: own }) => ({ bold: own === true ? OWN_FILES : fileOf(file, 'text') }),
  'partition:iid': () => ({ bold: 'evenly' }),
  'partition:shards': ({ labels }) => ({
    bold: `in ${words.plural(Number(labels), 'shard')} each, sorted by label`,
  }),
  'partition:dirichlet': ({ alpha }) => ({ bold: `unevenly (Dirichlet ${number(alpha)})` }),
  'model:mlp': ({ hidden }) => ({ bold: `an MLP (${Array.isArray(hidden) ? hidden.join(', ') : ''})` }),
  'compressor:none': (_, algorithm) => ({
    bold: 'every number',
    tail: algorithm === 'd-psgd' ? words.sentence.ofEachModel : words.sentence.ofEachChange,
  }),
  'compressor:one-bit': ({ scale }) => ({
    bold: scale === 'none' ? 'just the sign of every number' : 'one bit a number',
    tail: words.sentence.ofEachChange,
  }),
  'compressor:fp16': () => ({ bold: '16 bits a number', tail: words.sentence.ofEachChange }),
  'compressor:ternary': () => ({ bold: 'signs and zeros', tail: words.sentence.ofEachChange }),
  'compressor:one-bit-columns': () => ({
    bold: 'one bit a number by column',
    tail: words.sentence.ofEachChange,
  }),
  'compressor:bingrad': () => ({ bold: 'one of two values a number', tail: words.sentence.ofEachChange }),
  'compressor:uniform': ({ bits }) => ({
    bold: `${number(bits)} randomly rounded ${bits === 1 ? 'bit' : 'bits'} a number`,
    tail: words.sentence.ofEachChange,
  }),
  'compressor:qsgd': ({ levels }) => ({
    bold: `${number(levels)} random ${levels === 1 ? 'step' : 'steps'} a number`,
    tail: words.sentence.ofEachChange,
  }),
  'compressor:min-max-8': () => ({ bold: '8 bits a number', tail: words.sentence.ofEachChange }),
  'compressor:linear': ({ levels }) => ({
    bold: `one of ${String(levels)} evenly spaced values a number`,
    tail: words.sentence.ofEachChange,
  }),
  'compressor:orq': ({ levels }) => ({
    bold: `one of ${String(levels)} values a number`,
    tail: words.sentence.ofEachChange,
  }),
  'compressor:top-k': ({ ratio, k }) => ({
    bold:
      typeof k === 'number' && k > 0 ? `the top ${number(k)}` : `the top ${number(Number(ratio) * 100)} %`,
    tail: words.sentence.ofEachChange,
  }),
  'schedule:constant': (options) => ({ bold: `constant${warmUp(options)}` }),
  'schedule:step': (options) => ({
    bold: `times ${number(options.factor)} every ${words.plural(Number(options.every), 'round')}${warmUp(options)}`,
  }),
  'schedule:cosine': (options) => ({
    bold: `along a cosine to round ${String(options.rounds)}${warmUp(options)}`,
  }),
  'topology:ring': () => ({ bold: 'a ring' }),
  'topology:complete': () => ({ bold: 'a complete graph' }),
  'topology:path': () => ({ bold: 'a path' }),
  'topology:torus': () => ({ bold: 'a torus' }),
  'topology:hypercube': () => ({ bold: 'a hypercube' }),
  'topology:star': () => ({ bold: 'a star' }),
  'topology:isolated': () => ({ bold: 'no graph at all' }),
  'topology:exponential': () => ({ bold: 'an exponential graph' }),
  'topology:one-peer-exponential': () => ({ bold: 'a one-peer exponential graph' }),
  'topology:random-matching': () => ({ bold: 'random pairs' }),
  'topology:shift-one': () => ({ bold: 'shifting pairs' }),
  'topology:bipartite-exponential': () => ({ bold: 'a two-sided exponential graph' }),
  'topology:erdos-renyi': ({ probability }) => ({ bold: `a random graph (p = ${number(probability)})` }),
  'topology:small-world': () => ({ bold: 'a small world' }),
  'topology:directed-random': () => ({ bold: 'a random one-way graph' }),
  'topology:drawn': () => ({ bold: 'a graph drawn by hand' }),
};
