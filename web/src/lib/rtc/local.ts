import { type Source } from '../realtime/types';
import { Emitter, Store, type Readable } from '../store';
import { Blur } from './blur';
import { capture, captureScreen, type Wanted } from './capture';
import { readChoices, writeChoices, type Choices } from './choices';
import { Devices } from './devices';
import { DeviceError, deviceFailure, type DeviceFailure } from './failure';

export interface LocalDevice {
  on: boolean;
  /** Being asked for right now. */
  pending: boolean;
  /** What others get: the raw track, or the blurred one. */
  track?: MediaStreamTrack;
  deviceId?: string;
  failure?: DeviceFailure;
}

export interface LocalState {
  camera: LocalDevice;
  microphone: LocalDevice;
  screen: { on: boolean; pending: boolean; track?: MediaStreamTrack; audio?: MediaStreamTrack };
  blur: 'off' | 'starting' | 'on';
  speaker?: string;
}

export interface LocalEvents {
  /** What the connection should send for a source now. */
  track: { source: Source; track: MediaStreamTrack | null };
  /** A device vanished and another took over (its name), or none was left. */
  fallback: { kind: 'camera' | 'microphone'; label?: string };
  /** Something the person asked for failed. */
  failed: { kind: 'camera' | 'microphone' | 'screen' | 'blur'; reason: DeviceFailure | 'slow' };
  /** The browser's own "stop sharing" was pressed. */
  screenEnded: object;
}

const off: LocalDevice = { on: false, pending: false };

/**
 * This person's camera, microphone and screen, with or without a connection.
 * A device that disappears is replaced by another of its kind and never ends
 * the call. Tracks that are not used are stopped, so the camera light tells
 * the truth; a muted microphone keeps its track to unmute within a syllable.
 */
export class LocalMedia {
  readonly devices: Devices;
  readonly #media: MediaDevices | undefined;
  readonly #storage: Storage | undefined;
  readonly #state: Store<LocalState>;
  readonly #events = new Emitter<LocalEvents>();
  readonly #blur = new Blur();
  #raw: MediaStreamTrack | undefined;
  #choices: Choices;
  #unwatch: (() => void) | undefined;
  #epoch = 0;

  constructor(media: MediaDevices | undefined = navigator.mediaDevices, storage: Storage | undefined = globalThis.localStorage) {
    this.#media = media;
    this.#storage = storage;
    this.devices = new Devices(media);
    this.#choices = storage ? readChoices(storage) : {};
    this.#state = new Store<LocalState>({
      camera: off,
      microphone: off,
      screen: { on: false, pending: false },
      blur: 'off',
      speaker: this.#choices.speaker,
    });
  }

  get state(): Readable<LocalState> {
    return this.#state;
  }

  on<K extends keyof LocalEvents>(name: K, listener: (event: LocalEvents[K]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /** Opens both devices with one prompt. Failures are in the state, never thrown. */
  async open(want: { camera: boolean; microphone: boolean } = { camera: true, microphone: true }): Promise<void> {
    const epoch = ++this.#epoch;
    this.#unwatch ??= this.devices.watch();
    if (want.camera) this.#patch('camera', { pending: true });
    if (want.microphone) this.#patch('microphone', { pending: true });
    const captured = await capture(this.#media, {
      ...(want.camera ? { camera: { deviceId: this.#choices.camera } } : {}),
      ...(want.microphone ? { microphone: { deviceId: this.#choices.microphone } } : {}),
    });
    if (epoch !== this.#epoch) {
      captured.camera?.stop();
      captured.microphone?.stop();
      return;
    }
    if (want.microphone) this.#takeMicrophone(captured.microphone, captured.failures.microphone);
    if (want.camera) await this.#takeCamera(captured.camera, captured.failures.camera);
    void this.devices.refresh();
  }

  /** Stops everything and forgets nothing but the tracks. */
  close(): void {
    this.#epoch++;
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.stopScreen();
    this.#stopCamera();
    this.#drop(this.#state.get().microphone.track);
    this.#patch('camera', off, true);
    this.#patch('microphone', off, true);
    this.#state.update((s) => ({ ...s, blur: 'off' }));
  }

  async setCamera(on: boolean, wanted: Wanted = { deviceId: this.#choices.camera }): Promise<void> {
    if (!on) {
      this.#stopCamera();
      this.#patch('camera', off, true);
      this.#events.emit('track', { source: 'camera', track: null });
      return;
    }
    const epoch = this.#epoch;
    this.#patch('camera', { pending: true });
    const { camera, failures } = await capture(this.#media, { camera: wanted });
    if (epoch !== this.#epoch) {
      camera?.stop();
      return;
    }
    await this.#takeCamera(camera, failures.camera);
    if (failures.camera) this.#events.emit('failed', { kind: 'camera', reason: failures.camera.reason });
  }

  async setMicrophone(on: boolean): Promise<void> {
    const { track } = this.#state.get().microphone;
    if (track?.readyState === 'live') {
      track.enabled = on;
      this.#patch('microphone', { on });
    } else if (on) await this.#openMicrophone({ deviceId: this.#choices.microphone });
  }

  async chooseCamera(deviceId: string): Promise<void> {
    this.#remember({ camera: deviceId });
    if (!this.#state.get().camera.on) return;
    this.#stopCamera(); // some drivers cannot open a second camera while one runs
    await this.setCamera(true, { deviceId, exact: true });
  }

  async chooseMicrophone(deviceId: string): Promise<void> {
    this.#remember({ microphone: deviceId });
    const { on, track } = this.#state.get().microphone;
    if (!track) return;
    await this.#openMicrophone({ deviceId, exact: true }, on);
  }

  chooseSpeaker(deviceId: string): void {
    this.#remember({ speaker: deviceId });
    this.#state.update((s) => ({ ...s, speaker: deviceId }));
  }

  async startScreen(): Promise<boolean> {
    if (this.#state.get().screen.on || this.#state.get().screen.pending) return false;
    this.#state.update((s) => ({ ...s, screen: { on: false, pending: true } }));
    try {
      const { video, audio } = await captureScreen(this.#media);
      video.addEventListener('ended', () => {
        if (this.#state.get().screen.track !== video) return;
        this.stopScreen();
        this.#events.emit('screenEnded', {});
      });
      this.#state.update((s) => ({ ...s, screen: { on: true, pending: false, track: video, ...(audio ? { audio } : {}) } }));
      this.#events.emit('track', { source: 'screen', track: video });
      if (audio) this.#events.emit('track', { source: 'screen-audio', track: audio });
      return true;
    } catch (cause) {
      this.#state.update((s) => ({ ...s, screen: { on: false, pending: false } }));
      const reason = deviceFailure(cause, true);
      if (reason !== 'dismissed') this.#events.emit('failed', { kind: 'screen', reason });
      return false;
    }
  }

  stopScreen(): void {
    const { on, track, audio } = this.#state.get().screen;
    if (!on) return;
    this.#state.update((s) => ({ ...s, screen: { on: false, pending: false } }));
    this.#drop(track);
    this.#drop(audio);
    this.#events.emit('track', { source: 'screen', track: null });
    if (audio) this.#events.emit('track', { source: 'screen-audio', track: null });
  }

  async setBlur(on: boolean): Promise<void> {
    if (on === (this.#state.get().blur !== 'off')) return;
    this.#state.update((s) => ({ ...s, blur: on ? 'starting' : 'off' }));
    if (this.#raw) await this.#publishCamera(this.#raw);
    else if (on) this.#state.update((s) => ({ ...s, blur: 'on' }));
  }

  async #takeCamera(track: MediaStreamTrack | undefined, failure?: DeviceError): Promise<void> {
    this.#stopCamera();
    if (!track) {
      this.#patch('camera', { ...off, failure: failure?.reason ?? 'missing' }, true);
      this.#events.emit('track', { source: 'camera', track: null });
      return;
    }
    this.#raw = track;
    track.addEventListener('ended', () => void this.#vanished('camera', track));
    await this.#publishCamera(track);
  }

  async #publishCamera(raw: MediaStreamTrack): Promise<void> {
    let track = raw;
    this.#blur.stop();
    if (this.#state.get().blur !== 'off') {
      try {
        track = await this.#blur.start(raw, () => this.#blurFailed('slow'));
        if (raw !== this.#raw || this.#state.get().blur === 'off') {
          this.#blur.stop();
          track = raw;
          if (raw !== this.#raw) return;
        } else this.#state.update((s) => ({ ...s, blur: 'on' }));
      } catch {
        this.#state.update((s) => ({ ...s, blur: 'off' }));
        this.#events.emit('failed', { kind: 'blur', reason: 'unsupported' });
        track = raw;
      }
    }
    this.#patch('camera', { on: true, pending: false, track, deviceId: raw.getSettings().deviceId }, true);
    this.#events.emit('track', { source: 'camera', track });
  }

  #blurFailed(reason: 'slow'): void {
    this.#state.update((s) => ({ ...s, blur: 'off' }));
    this.#events.emit('failed', { kind: 'blur', reason });
    if (this.#raw) void this.#publishCamera(this.#raw);
  }

  async #openMicrophone(wanted: Wanted, on = true): Promise<void> {
    const epoch = this.#epoch;
    this.#patch('microphone', { pending: true });
    const { microphone, failures } = await capture(this.#media, { microphone: wanted });
    if (epoch !== this.#epoch) {
      microphone?.stop();
      return;
    }
    this.#takeMicrophone(microphone, failures.microphone, on);
    if (failures.microphone) this.#events.emit('failed', { kind: 'microphone', reason: failures.microphone.reason });
  }

  #takeMicrophone(track: MediaStreamTrack | undefined, failure?: DeviceError, on = true): void {
    this.#drop(this.#state.get().microphone.track);
    if (!track) {
      this.#patch('microphone', { ...off, failure: failure?.reason ?? 'missing' }, true);
      this.#events.emit('track', { source: 'microphone', track: null });
      return;
    }
    track.enabled = on;
    track.addEventListener('ended', () => void this.#vanished('microphone', track));
    this.#patch('microphone', { on, pending: false, track, deviceId: track.getSettings().deviceId }, true);
    this.#events.emit('track', { source: 'microphone', track });
  }

  /** A track ended without being asked to: unplugged, or taken by the system. */
  async #vanished(kind: 'camera' | 'microphone', track: MediaStreamTrack): Promise<void> {
    const current = kind === 'camera' ? this.#raw : this.#state.get().microphone.track;
    if (track !== current) return;
    const wasOn = this.#state.get()[kind].on;
    const epoch = this.#epoch;
    const { [kind]: next } = await capture(this.#media, { [kind]: {} });
    if (epoch !== this.#epoch) {
      next?.stop();
      return;
    }
    if (kind === 'camera') await this.#takeCamera(next, new DeviceError('missing'));
    else this.#takeMicrophone(next, new DeviceError('missing'), wasOn);
    void this.devices.refresh();
    this.#events.emit('fallback', { kind, ...(next ? { label: next.label } : {}) });
  }

  #stopCamera(): void {
    const raw = this.#raw;
    this.#raw = undefined;
    this.#blur.stop();
    this.#drop(raw);
  }

  #drop(track: MediaStreamTrack | undefined): void {
    track?.stop(); // stop() fires no `ended`, so this is never mistaken for an accident
  }

  #patch(kind: 'camera' | 'microphone', patch: Partial<LocalDevice>, replace = false): void {
    this.#state.update((s) => ({ ...s, [kind]: replace ? patch : { ...s[kind], ...patch } }));
  }

  #remember(choice: Choices): void {
    this.#choices = { ...this.#choices, ...choice };
    if (this.#storage) writeChoices(this.#storage, this.#choices);
  }
}
