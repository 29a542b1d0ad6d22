/**
 * The session's thread: a dedicated worker, whose timers a hidden tab does not slow and whose work does
 * not stall the page. It makes the device, the transports and the session, and passes messages.
 */
import { realClock } from '../base/clock.ts';
import { fetchAhead, Late, LateError } from '../base/late.ts';
import { findEntry } from '../base/registry.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { DATASETS } from '../data/index.ts';
import { ARCHIVES, TABLES } from '../data/late-parts.ts';
import { ONNX } from '../models/late-parts.ts';
import { broadcastTransport } from '../network/broadcast.ts';
import { type CombinedTransport, combine } from '../network/combined.ts';
import { MemoryHub } from '../network/memory.ts';
import { webRtcTransport } from '../network/webrtc/worker.ts';
import type { LocalSettings, Recipe } from '../recipe/recipe.ts';
import { browserDecoder, fetchUrl } from './browser-files.ts';
import type { Device } from './equipment.ts';
import { FileDesk, MissingFileError } from './file-desk.ts';
import { browserShelf } from './file-shelf.ts';
import { ServedFiles } from './served-files.ts';
import { Session } from './session.ts';
import type { FromThread, ToThread } from './thread-messages.ts';
import { WORDS } from './words.ts';

/** After so many lost devices the processor takes over. */
const MAX_DEVICES = 3;

let devices = 0;

/** Fetched when it is wanted. The processor's engine comes with this script: a server may be gone when it is. */
const GRAPHICS = new Late('The graphics engine', async () => {
  const { createWebGpuCompute } = await import('../compute/webgpu/index.ts');
  return { createWebGpuCompute };
});

async function openDevice(preference: LocalSettings['backend'], again: boolean): Promise<Device> {
  if (preference === 'cpu') return { compute: createCpuCompute(), notice: null };
  try {
    devices += 1;
    if (devices > MAX_DEVICES) throw new Error('the device was lost several times.');
    const { createWebGpuCompute } = await GRAPHICS.load();
    return { compute: await createWebGpuCompute(), notice: again ? WORDS.deviceBack() : null };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const notice = error instanceof LateError ? WORDS.noGraphicsPart(reason) : WORDS.noWebGpu(reason);
    return { compute: createCpuCompute(), notice };
  }
}

function tell(message: FromThread): void {
  postMessage(message);
}

let session: Session | null = null;
let served: ServedFiles | null = null;
let transport: CombinedTransport | null = null;
let self = '';
/** What the room runs that this tab has no data for; the session has left it. */
let lacking: Recipe | null = null;

function start(message: Extract<ToThread, { kind: 'start' }>): void {
  const { recipe, carried, local, lab, base, webrtc } = message;
  self = message.self;
  transport = combine([webrtc === null ? new MemoryHub().connect(self) : webRtcTransport(self, webrtc)]);
  const fromLab = new ServedFiles(base);
  served = fromLab;
  const files = new FileDesk({
    shelf: browserShelf(),
    decoder: browserDecoder,
    fetchBytes: (path) => fromLab.read(path),
    fetchUrl,
    own: message.ownFile,
    seed: () => recipe.seed,
    report: (state) => tell({ kind: 'report', report: { kind: 'files', state } }),
    onFile: async (rejoin) => {
      const wanted = lacking ?? (rejoin ? (session?.status.snapshot().recipe ?? null) : null);
      if (wanted === null) session?.dataChanged();
      else if (await load(wanted)) tell({ kind: 'again' });
    },
  });
  const loadDataset = (wanted: Recipe) =>
    findEntry('dataset', DATASETS, wanted.dataset.id).load(
      files.optionsFor(wanted),
      files.fetcher(wanted),
      wanted.seed,
      browserDecoder,
    );
  /** Whether there are data for this recipe now; not if its file is still missing. */
  const load = async (wanted: Recipe) => {
    try {
      await loadDataset(wanted);
      return true;
    } catch (error) {
      if (error instanceof MissingFileError) return false;
      throw error;
    }
  };
  session = new Session({
    clock: realClock,
    transport,
    recipe,
    carried,
    local,
    lab,
    room: { code: '' },
    openDevice: (again) => openDevice(local.backend, again),
    loadDataset,
    files: (ask) => void files.ask(ask),
    left: (recipe) => {
      lacking = recipe;
      tell({ kind: 'left' });
    },
    random: Math.random,
    report: (report) => tell({ kind: 'report', report }),
  });
  session.status.carrier = webrtc === null ? 'memory' : 'webrtc';
  session.open();
}

/** What a press may want of the server later: readers and writers of files, and data sets not chosen yet. */
function laterParts(files: ServedFiles): readonly { load(): Promise<unknown> }[] {
  const paths = new Set(DATASETS.flatMap(({ serves = [] }) => serves));
  return [TABLES, ARCHIVES, ONNX, ...[...paths].map((path) => ({ load: () => files.read(path) }))];
}

async function handle(message: ToThread): Promise<void> {
  if (message.kind === 'start') {
    start(message);
    return;
  }
  if (session === null || transport === null || served === null) return;
  switch (message.kind) {
    case 'room':
      session.status.roomCode = message.code;
      session.status.addresses = message.addresses;
      return;
    case 'broadcast':
      if (session.status.carrier !== 'webrtc' || transport.peers().length === 0) {
        session.status.carrier = 'broadcast';
      }
      transport.openLate(broadcastTransport({ self, room: message.room }));
      return;
    case 'established':
      session.setEstablished();
      return;
    case 'signalling':
      session.status.signalling = message.status;
      return;
    case 'notice':
      session.status.notice(message.notice);
      return;
    case 'dismiss':
      session.status.dismiss(message.id);
      return;
    case 'request':
      session.request(message.request);
      return;
    case 'models':
      tell({ kind: 'models', id: message.id, models: await session.models(message.at) });
      return;
    case 'ask': {
      const { id, about, question } = message;
      try {
        tell({ kind: 'answer', id, answer: await session.ask(about, question) });
      } catch (error) {
        tell({ kind: 'no-answer', id, why: error instanceof Error ? error.message : String(error) });
      }
      return;
    }
    case 'ahead':
      void fetchAhead(laterParts(served));
      return;
    case 'close':
      session.close();
      close();
  }
}

addEventListener('message', ({ data }: MessageEvent<ToThread>) => void handle(data));
