import { DeviceError, deviceFailure } from './failure';

export interface Wanted {
  /** Preferred device; another is taken if it is gone. */
  deviceId?: string;
  /** True when the person picked it now: failing is better than another device. */
  exact?: boolean;
}

function device({ deviceId, exact = false }: Wanted): MediaTrackConstraints {
  if (deviceId === undefined) return {};
  return { deviceId: exact ? { exact: deviceId } : { ideal: deviceId } };
}

export function cameraConstraints(wanted: Wanted): MediaTrackConstraints {
  return { ...device(wanted), width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
}

export function microphoneConstraints(wanted: Wanted): MediaTrackConstraints {
  return { ...device(wanted), echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
}

export interface Captured {
  camera?: MediaStreamTrack;
  microphone?: MediaStreamTrack;
  failures: { camera?: DeviceError; microphone?: DeviceError };
}

/**
 * Asks for camera and microphone in one prompt. If that fails, asks for each
 * alone: a missing camera must not take the microphone with it.
 */
export async function capture(media: MediaDevices | undefined, want: { camera?: Wanted; microphone?: Wanted }): Promise<Captured> {
  if (!media?.getUserMedia) {
    const error = new DeviceError(window.isSecureContext ? 'unsupported' : 'insecure');
    return { failures: { ...(want.camera ? { camera: error } : {}), ...(want.microphone ? { microphone: error } : {}) } };
  }
  if (want.camera && want.microphone) {
    try {
      const stream = await media.getUserMedia({ video: cameraConstraints(want.camera), audio: microphoneConstraints(want.microphone) });
      return { ...tracksOf(stream), failures: {} };
    } catch (cause) {
      if (deviceFailure(cause) === 'denied' && (await bothDenied())) {
        const error = new DeviceError('denied', cause);
        return { failures: { camera: error, microphone: error } };
      }
    }
  }
  const captured: Captured = { failures: {} };
  for (const kind of ['microphone', 'camera'] as const) {
    const wanted = want[kind];
    if (!wanted) continue;
    try {
      const constraints = kind === 'camera' ? { video: cameraConstraints(wanted) } : { audio: microphoneConstraints(wanted) };
      Object.assign(captured, tracksOf(await media.getUserMedia(constraints)));
    } catch (cause) {
      captured.failures[kind] = new DeviceError(deviceFailure(cause), cause);
    }
  }
  return captured;
}

function tracksOf(stream: MediaStream): Pick<Captured, 'camera' | 'microphone'> {
  const camera = stream.getVideoTracks()[0];
  const microphone = stream.getAudioTracks()[0];
  return { ...(camera ? { camera } : {}), ...(microphone ? { microphone } : {}) };
}

/** Whether asking again one by one would only show two more refusals. */
async function bothDenied(): Promise<boolean> {
  try {
    const states = await Promise.all(
      ['camera', 'microphone'].map((name) => navigator.permissions.query({ name: name as PermissionName })),
    );
    return states.every(({ state }) => state === 'denied');
  } catch {
    return true;
  }
}

export interface CapturedScreen {
  video: MediaStreamTrack;
  audio?: MediaStreamTrack;
}

/** Opens the browser's own picker; the page never learns what else was on offer. */
export async function captureScreen(media: MediaDevices | undefined): Promise<CapturedScreen> {
  if (!media?.getDisplayMedia) throw new DeviceError('unsupported');
  try {
    const stream = await media.getDisplayMedia({
      video: { frameRate: { ideal: 15, max: 30 } },
      audio: { suppressLocalAudioPlayback: false } as MediaTrackConstraints,
      // Hints newer than the type library: prefer a tab, never this one, let the person switch.
      ...({ selfBrowserSurface: 'exclude', surfaceSwitching: 'include', systemAudio: 'include' } as object),
    });
    const video = stream.getVideoTracks()[0];
    if (!video) throw new DeviceError('missing');
    const audio = stream.getAudioTracks()[0];
    return { video, ...(audio ? { audio } : {}) };
  } catch (cause) {
    throw cause instanceof DeviceError ? cause : new DeviceError(deviceFailure(cause, true), cause);
  }
}
