/**
 * The page's side of the session: it reads the address, finds the room, starts the session's thread and
 * PeerJS (which needs a page), and passes plain data between them and the dashboard. It computes nothing.
 */
import { realClock } from '../base/clock.ts';
import { randomPeerId } from '../network/identity.ts';
import type { LabBuild } from '../network/lab.ts';
import { roomCode } from '../network/room-code.ts';
import { roomId } from '../network/room-name.ts';
import { openWebRtcPage, type WebRtcPage, type WebRtcStatus } from '../network/webrtc/page.ts';
import { recipeFromUrl } from '../recipe/url.ts';
import { whenIdle } from './ahead.ts';
import { OWN_FILE_KEY } from './file-state.ts';
import type { LabHandle, WorkerModel } from './handle.ts';
import { askHost, HostWatch } from './host.ts';
import { type AnswerOn, NoAnswerError, type QuestionOn, type Topic } from './models-questions.ts';
import type { PageAddress } from './page-address.ts';
import type { Notice, Report, Snapshot } from './snapshot.ts';
import { recall, remember } from './tab-memory.ts';
import type { FromThread, ToThread } from './thread-messages.ts';
import { WORDS } from './words.ts';

/** Where there is no signalling for so long, the tabs of this browser are met without it, in ms. */
const SIGNALLING_PATIENCE_MS = 3000;
/** In a browser of its own a tab that hears nobody for so long has the room for itself, in ms. */
const BROADCAST_PATIENCE_MS = 1000;
/** The room of tabs whose host names none. */
const LOCAL_ROOM = 'local';

declare global {
  interface Window {
    murmuration?: LabHandle;
  }
}

const fill = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes);

class Client implements LabHandle {
  readonly #worker = new Worker(new URL('./thread.ts', import.meta.url), { type: 'module', name: 'session' });
  readonly #listeners = new Set<(report: Report) => void>();
  readonly #asked = new Map<number, (models: readonly WorkerModel[]) => void>();
  readonly #questions = new Map<
    number,
    { readonly answer: (answer: AnswerOn<Topic>) => void; readonly refuse: (error: Error) => void }
  >();
  #latest: Snapshot | null = null;
  #question = 0;
  #page: WebRtcPage | null = null;
  #broadcasting = false;
  #host: HostWatch | null = null;
  #signalling: WebRtcStatus['signalling'] | null = null;

  /** Resolves once the session's thread speaks. */
  readonly started = new Promise<void>((resolve, reject) => {
    this.#worker.addEventListener('message', () => resolve(), { once: true });
    // Its files did not come, or this browser cannot run them; what is uncaught later ends nothing.
    this.#worker.addEventListener('error', ({ message }) => {
      reject(new Error(WORDS.noThread(typeof message === 'string' ? message : '')));
    });
  });

  constructor(lab: LabBuild, address: PageAddress) {
    this.#worker.onmessage = ({ data }: MessageEvent<FromThread>) => this.#hear(data);
    const { recipe, local, errors } = recipeFromUrl(address.opened);
    const base = new URL(import.meta.env.BASE_URL, address.opened);
    const self = randomPeerId(fill);
    const networked = local.transport === 'auto' || local.transport === 'webrtc';
    const { port1, port2 } = new MessageChannel();
    this.#tell(
      {
        ...{
          kind: 'start',
          self,
          recipe,
          carried: address.carried,
          local,
          lab,
          base: base.href,
          ownFile: recall(OWN_FILE_KEY),
        },
        webrtc: networked ? port2 : null,
      },
      networked ? [port2] : [],
    );
    errors.forEach((error, index) => {
      this.#tell({ kind: 'notice', notice: WORDS.badAddress(index, error) });
    });
    address.listen((notice) => this.#tell({ kind: 'notice', notice }));
    document.addEventListener('visibilitychange', () => this.#visibility());
    addEventListener('pagehide', () => this.#tell({ kind: 'close' }));
    // A page that comes back from the browser's cache has lost its session.
    addEventListener('pageshow', ({ persisted }) => persisted && location.reload());
    this.#visibility();
    void this.#enter(address, base, lab, self, local.transport, port1);
  }

  snapshot(): Snapshot | null {
    return this.#latest;
  }

  subscribe(listener: (report: Report) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  send(request: Parameters<LabHandle['send']>[0]): void {
    if (request.kind === 'files' && request.ask.do === 'own') remember(OWN_FILE_KEY, request.ask.name);
    this.#tell({ kind: 'request', request });
  }

  models(at?: 'evaluated'): Promise<readonly WorkerModel[]> {
    return new Promise((resolve) => {
      this.#question += 1;
      this.#asked.set(this.#question, resolve);
      this.#tell({ kind: 'models', id: this.#question, at });
    });
  }

  ask<About extends Topic>(about: About, question: QuestionOn<About>): Promise<AnswerOn<About>> {
    return new Promise((resolve, reject) => {
      this.#question += 1;
      // The thread answers a question on its own topic.
      const answer = (given: AnswerOn<Topic>) => resolve(given as AnswerOn<About>);
      this.#questions.set(this.#question, { answer, refuse: reject });
      this.#tell({ kind: 'ask', id: this.#question, about, question });
    });
  }

  close(): void {
    this.#host?.close();
    this.#page?.close();
    this.#tell({ kind: 'close' });
  }

  #tell(message: ToThread, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #hear(message: FromThread): void {
    if (message.kind === 'models') {
      this.#asked.get(message.id)?.(message.models);
      this.#asked.delete(message.id);
      return;
    }
    if (message.kind === 'answer' || message.kind === 'no-answer') {
      const asker = this.#questions.get(message.id);
      this.#questions.delete(message.id);
      if (message.kind === 'answer') asker?.answer(message.answer);
      else asker?.refuse(new NoAnswerError(message.why));
      return;
    }
    if (message.kind === 'left') {
      this.#page?.close();
      return;
    }
    if (message.kind === 'again') {
      location.reload();
      return;
    }
    if (message.report.kind === 'snapshot') {
      const { snapshot } = message.report;
      // Data and device are there: what comes now is no part of the first load.
      if (snapshot.phase !== 'starting' && (this.#latest?.phase ?? 'starting') === 'starting') {
        whenIdle(() => this.#tell({ kind: 'ahead' }));
      }
      this.#latest = snapshot;
    }
    for (const listener of [...this.#listeners]) listener(message.report);
  }

  #visibility(): void {
    this.send({ kind: 'hidden', hidden: document.visibilityState === 'hidden' });
  }

  async #enter(
    address: PageAddress,
    base: URL,
    build: LabBuild,
    self: string,
    transport: string,
    port: MessagePort,
  ): Promise<void> {
    const { lab, trouble } = await askHost(base, null);
    const host = lab?.room ?? LOCAL_ROOM;
    const { asked } = address;
    const room = asked.kind === 'room' ? asked.name : asked.kind === 'new' ? roomCode(fill) : host;
    address.entered(room, host);
    this.#tell({ kind: 'room', code: room, addresses: lab?.addresses ?? [] });
    const tell = (notice: Notice) => this.#tell({ kind: 'notice', notice });
    if (lab !== null) {
      const dismiss = (id: string) => this.#tell({ kind: 'dismiss', id });
      const ask = (from: string | null) => askHost(base, from);
      const place = base.pathname;
      this.#host = new HostWatch({ clock: realClock, address, build, place, room, ask, tell, dismiss }, lab);
    }
    if (transport === 'memory') this.#tell({ kind: 'established' });
    else if (transport === 'broadcast') this.#broadcast(room);
    else {
      const lack =
        lab === null
          ? (trouble ?? WORDS.staticHost())
          : typeof RTCPeerConnection === 'undefined'
            ? WORDS.noWebRtc()
            : null;
      if (lack !== null) tell(lack);
      if (lack !== null || lab === null) this.#broadcast(room);
      else this.#connect(room, new URL(`.${lab.signalling.path}`, base), build, self, port);
    }
  }

  /** `at`: where the signalling server is. */
  #connect(room: string, at: URL, build: LabBuild, self: string, port: MessagePort): void {
    const secure = at.protocol === 'https:';
    const server = {
      host: at.hostname,
      port: Number(at.port === '' ? (secure ? 443 : 80) : at.port),
      path: at.pathname,
      secure,
    };
    const onStatus = (status: WebRtcStatus) => this.#webRtcStatus(status, room);
    this.#page = openWebRtcPage({ room: roomId(room), server, lab: build, self, port, onStatus });
    this.#tell({ kind: 'signalling', status: 'connecting' });
    realClock.after(SIGNALLING_PATIENCE_MS, () => {
      if (this.#page?.status().signalling !== 'connected') this.#broadcast(room);
    });
  }

  #webRtcStatus(status: WebRtcStatus, room: string): void {
    this.#tell({ kind: 'signalling', status: status.signalling });
    // The server may be another than the one that this tab came to.
    if (status.signalling === 'connected' && this.#signalling === 'down') void this.#host?.check();
    this.#signalling = status.signalling;
    if (status.discovery === 'alone') this.#tell({ kind: 'established' });
    if (status.outdated) this.#tell({ kind: 'notice', notice: WORDS.outdated() });
    if (status.discovery === 'unreachable') {
      this.#tell({ kind: 'notice', notice: WORDS.unreachable() });
      this.#broadcast(room);
    } else this.#tell({ kind: 'dismiss', id: 'unreachable' });
    if (status.signalling === 'down') {
      this.#tell({ kind: 'notice', notice: WORDS.noSignalling() });
      this.#broadcast(room);
    } else if (status.signalling === 'connected') this.#tell({ kind: 'dismiss', id: 'signalling' });
  }

  /** Meets the tabs of this browser without a server. */
  #broadcast(room: string): void {
    if (this.#broadcasting) return;
    this.#broadcasting = true;
    this.#tell({ kind: 'broadcast', room: roomId(room) });
    realClock.after(BROADCAST_PATIENCE_MS, () => this.#tell({ kind: 'established' }));
  }
}

/** Starts the lab in this page; also puts its handle on `window.murmuration`. Rejects if its thread does not start. */
export async function startLab(address: PageAddress): Promise<LabHandle> {
  const client = new Client({ version: __LAB_VERSION__, built: __LAB_BUILT__ }, address);
  window.murmuration = client;
  await client.started;
  return client;
}
