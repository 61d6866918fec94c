/** An RTCPeerConnection that negotiates by the book and carries nothing. */
export class FakePeer {
  connectionState: RTCPeerConnectionState = 'new';
  signalingState: RTCSignalingState = 'stable';
  iceGatheringState = 'new';
  localDescription: { type: string; sdp: string } | null = null;
  currentRemoteDescription: { type: string; sdp: string } | null = null;
  onicecandidate: ((event: { candidate: unknown }) => void) | null = null;
  onconnectionstatechange: (() => void) | null = null;
  closed = false;
  restarts = 0;
  config: RTCConfiguration;
  readonly transceivers: FakeTransceiver[] = [];
  #mids = 0;

  constructor(config: RTCConfiguration = {}) {
    this.config = config;
  }

  addTransceiver(kind: 'audio' | 'video', init: RTCRtpTransceiverInit): FakeTransceiver {
    const transceiver = new FakeTransceiver(kind, init);
    this.transceivers.push(transceiver);
    return transceiver;
  }

  getTransceivers = () => this.transceivers;

  async createOffer({ iceRestart = false } = {}) {
    if (iceRestart) this.restarts++;
    return { type: 'offer', sdp: `v=0\r\na=offer:${this.transceivers.length}:${this.restarts}\r\n` };
  }

  async setLocalDescription(description: { type: string; sdp?: string }) {
    if (description.type === 'rollback') {
      if (this.signalingState !== 'have-local-offer') throw new Error('nothing to roll back');
      this.signalingState = 'stable';
      return;
    }
    for (const t of this.transceivers) t.mid ??= String(this.#mids++);
    this.localDescription = { type: description.type, sdp: description.sdp ?? '' };
    this.signalingState = 'have-local-offer';
  }

  async setRemoteDescription(description: { type: string; sdp: string }) {
    if (this.signalingState !== 'have-local-offer') throw new Error(`an answer in ${this.signalingState}`);
    this.currentRemoteDescription = description;
    this.signalingState = 'stable';
  }

  setConfiguration(config: RTCConfiguration) {
    this.config = config;
  }

  async getStats() {
    return new Map();
  }

  close() {
    this.closed = true;
    this.connectionState = 'closed';
  }

  become(state: RTCPeerConnectionState) {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }

  find(candidate: string) {
    this.onicecandidate?.({ candidate: { candidate, sdpMid: '0', sdpMLineIndex: 0 } });
  }
}

export class FakeTransceiver {
  mid: string | null = null;
  readonly direction: string;
  readonly sender: FakeSender;
  readonly receiver: { track: MediaStreamTrack };

  constructor(kind: 'audio' | 'video', init: RTCRtpTransceiverInit) {
    this.direction = init.direction ?? 'sendrecv';
    this.sender = new FakeSender(init.sendEncodings ?? []);
    this.receiver = { track: fakeTrack(kind) };
  }
}

export class FakeSender {
  track: MediaStreamTrack | null = null;
  sets = 0;
  encodings: RTCRtpEncodingParameters[];
  codecs: Partial<RTCRtpCodecParameters>[] = [];

  constructor(encodings: RTCRtpEncodingParameters[]) {
    this.encodings = encodings.map((e) => ({ active: true, ...e }));
  }

  async replaceTrack(track: MediaStreamTrack | null) {
    this.track = track;
  }

  getParameters() {
    return { encodings: this.encodings.map((e) => ({ ...e })), codecs: this.codecs };
  }

  async setParameters(parameters: { encodings: RTCRtpEncodingParameters[] }) {
    this.sets++;
    this.encodings = parameters.encodings;
  }
}

/** A track that can end by itself, as an unplugged device's does. */
export function fakeTrack(kind: 'audio' | 'video', deviceId = `${kind}-1`, label = `My ${kind}`): MediaStreamTrack & { unplug(): void } {
  const target = new EventTarget();
  const track = Object.assign(target, {
    kind,
    label,
    enabled: true,
    readyState: 'live' as MediaStreamTrackState,
    contentHint: '',
    getSettings: () => ({ deviceId }),
    stop() {
      track.readyState = 'ended';
    },
    clone: () => fakeTrack(kind, deviceId, label),
    unplug() {
      track.readyState = 'ended';
      target.dispatchEvent(new Event('ended'));
    },
  });
  return track as unknown as MediaStreamTrack & { unplug(): void };
}

/** What getUserMedia gives back. */
export class FakeStream {
  readonly #tracks: MediaStreamTrack[];

  constructor(tracks: MediaStreamTrack[] = []) {
    this.#tracks = tracks;
  }

  getTracks = () => this.#tracks;
  getVideoTracks = () => this.#tracks.filter((t) => t.kind === 'video');
  getAudioTracks = () => this.#tracks.filter((t) => t.kind === 'audio');
}
