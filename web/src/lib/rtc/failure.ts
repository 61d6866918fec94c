/** Why a camera, microphone or screen could not be had; each has its own words and its own way out. */
export type DeviceFailure =
  | 'denied' // the person or a policy said no
  | 'dismissed' // the screen picker was closed: not an error, nothing to explain
  | 'missing' // no such device
  | 'busy' // another program holds it, or the hardware failed
  | 'overconstrained' // the chosen device cannot do what was asked
  | 'insecure' // no HTTPS, so the browser hides its devices
  | 'unsupported' // the browser has no such function
  | 'unknown';

export class DeviceError extends Error {
  readonly reason: DeviceFailure;

  constructor(reason: DeviceFailure, cause?: unknown) {
    super(reason, { cause });
    this.name = 'DeviceError';
    this.reason = reason;
  }
}

/** Reads the reason from what getUserMedia or getDisplayMedia threw. */
export function deviceFailure(cause: unknown, screen = false): DeviceFailure {
  if (cause instanceof DeviceError) return cause.reason;
  const name = typeof cause === 'object' && cause !== null && 'name' in cause ? String(cause.name) : '';
  switch (name) {
    case 'NotAllowedError':
    case 'PermissionDeniedError':
    case 'SecurityError':
      // Closing the picker and refusing look alike; only a policy names itself.
      return screen && !/policy|system/i.test(messageOf(cause)) ? 'dismissed' : 'denied';
    case 'NotFoundError':
    case 'DevicesNotFoundError':
      return 'missing';
    case 'NotReadableError':
    case 'TrackStartError':
    case 'AbortError':
      return 'busy';
    case 'OverconstrainedError':
    case 'ConstraintNotSatisfiedError':
      return 'overconstrained';
    case 'NotSupportedError':
    case 'TypeError':
      return 'unsupported';
    default:
      return 'unknown';
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error || cause instanceof DOMException ? cause.message : '';
}
