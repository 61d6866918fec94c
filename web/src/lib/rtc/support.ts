/** What stands in the way of a call in this browser, before anything is asked of it. */
export type Obstacle = 'insecure' | 'unsupported';

export interface Environment {
  isSecureContext: boolean;
  hasPeerConnection: boolean;
  hasMediaDevices: boolean;
  hasWebSocket: boolean;
}

export function environment(): Environment {
  return {
    isSecureContext: window.isSecureContext,
    hasPeerConnection: typeof RTCPeerConnection === 'function' && 'addTransceiver' in RTCPeerConnection.prototype,
    hasMediaDevices: typeof navigator.mediaDevices?.getUserMedia === 'function',
    hasWebSocket: typeof WebSocket === 'function',
  };
}

/** Insecure is told first: on plain HTTP a fine browser looks unsupported. */
export function obstacle(env: Environment): Obstacle | undefined {
  if (!env.isSecureContext) return 'insecure';
  if (!env.hasPeerConnection || !env.hasMediaDevices || !env.hasWebSocket) return 'unsupported';
  return undefined;
}

export type BrowserName = 'chrome' | 'edge' | 'firefox' | 'safari' | 'ios' | 'android' | 'other';

/** Which browser to explain permissions for; only ever used to choose words. */
export function browserName(userAgent: string): BrowserName {
  if (/iPhone|iPad|iPod/.test(userAgent)) return 'ios';
  if (/Android/.test(userAgent)) return 'android';
  if (/Edg\//.test(userAgent)) return 'edge';
  if (/Firefox\//.test(userAgent)) return 'firefox';
  if (/Chrome\/|Chromium\//.test(userAgent)) return 'chrome';
  if (/Safari\//.test(userAgent)) return 'safari';
  return 'other';
}

export interface Abilities {
  screenShare: boolean;
  speakerChoice: boolean;
  documentPip: boolean;
  videoPip: boolean;
  fullscreen: boolean;
  wakeLock: boolean;
  blur: boolean;
}

/** What this browser can add to a call; a missing one hides its button. */
export function abilities(): Abilities {
  const canvas = typeof HTMLCanvasElement === 'function' ? HTMLCanvasElement.prototype : undefined;
  return {
    screenShare: typeof navigator.mediaDevices?.getDisplayMedia === 'function',
    speakerChoice: typeof HTMLMediaElement === 'function' && 'setSinkId' in HTMLMediaElement.prototype,
    documentPip: 'documentPictureInPicture' in window,
    videoPip: document.pictureInPictureEnabled === true,
    fullscreen: document.fullscreenEnabled === true,
    wakeLock: 'wakeLock' in navigator,
    blur: canvas !== undefined && 'captureStream' in canvas && typeof WebAssembly === 'object',
  };
}
