/**
 * The session's thread: a dedicated worker, whose timers a hidden tab does not slow and whose work does
 * not stall the page. It makes the device, the transports and the session, and passes messages.
 */
import { realClock } from '../base/clock.ts';
import { findEntry } from '../base/registry.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { createWebGpuCompute } from '../compute/webgpu/index.ts';
import { DATASETS } from '../data/index.ts';
import { broadcastTransport } from '../network/broadcast.ts';
import { type CombinedTransport, combine } from '../network/combined.ts';
import { MemoryHub } from '../network/memory.ts';
import { webRtcTransport } from '../network/webrtc/worker.ts';
import type { LocalSettings } from '../recipe/recipe.ts';
import type { Device } from './equipment.ts';
import { Session } from './session.ts';
import type { FromThread, ToThread } from './thread-messages.ts';
import { WORDS } from './words.ts';

/** After so many lost devices the processor takes over. */
const MAX_DEVICES = 3;

let devices = 0;

async function openDevice(preference: LocalSettings['backend'], again: boolean): Promise<Device> {
  if (preference === 'cpu') return { compute: createCpuCompute(), notice: null };
  try {
    devices += 1;
    if (devices > MAX_DEVICES) throw new Error('the device was lost several times.');
    return { compute: await createWebGpuCompute(), notice: again ? WORDS.deviceBack() : null };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { compute: createCpuCompute(), notice: WORDS.noWebGpu(reason) };
  }
}

async function fetchBytes(base: string, path: string): Promise<Uint8Array> {
  const response = await fetch(new URL(path, base));
  if (!response.ok) throw new Error(`${path} answered ${response.status} ${response.statusText}.`);
  return new Uint8Array(await response.arrayBuffer());
}

function tell(message: FromThread): void {
  postMessage(message);
}

let session: Session | null = null;
let transport: CombinedTransport | null = null;
let self = '';

function start(message: Extract<ToThread, { kind: 'start' }>): void {
  const { recipe, local, lab, base, webrtc } = message;
  self = message.self;
  transport = combine([webrtc === null ? new MemoryHub().connect(self) : webRtcTransport(self, webrtc)]);
  session = new Session({
    clock: realClock,
    transport,
    recipe,
    local,
    lab,
    room: { code: '' },
    openDevice: (again) => openDevice(local.backend, again),
    loadDataset: (wanted) =>
      findEntry('dataset', DATASETS, wanted.dataset.id).load(wanted.dataset.options, (path) =>
        fetchBytes(base, path),
      ),
    random: Math.random,
    report: (report) => tell({ kind: 'report', report }),
  });
  session.status.carrier = webrtc === null ? 'memory' : 'webrtc';
  session.open();
}

async function handle(message: ToThread): Promise<void> {
  if (message.kind === 'start') {
    start(message);
    return;
  }
  if (session === null || transport === null) return;
  switch (message.kind) {
    case 'room':
      session.status.roomCode = message.code;
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
      tell({ kind: 'models', id: message.id, models: await session.models() });
      return;
    case 'close':
      session.close();
      close();
  }
}

addEventListener('message', ({ data }: MessageEvent<ToThread>) => void handle(data));
