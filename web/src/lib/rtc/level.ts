/** Loudness 0–1 from samples, on the decibel scale ears use: −60 dBFS and below is 0, −6 and above is 1. */
export function loudness(samples: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += (samples[i] ?? 0) ** 2;
  const rms = Math.sqrt(sum / Math.max(1, samples.length));
  if (rms <= 0) return 0;
  const db = 20 * Math.log10(rms);
  return Math.min(1, Math.max(0, (db + 60) / 54));
}

/**
 * Watches how loud a track is until the returned function is called.
 * The callback comes about 15 times a second.
 */
export function watchLevel(track: MediaStreamTrack, onLevel: (level: number) => void): () => void {
  if (typeof AudioContext !== 'function') return () => undefined;
  const context = new AudioContext();
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    onLevel(loudness(samples));
  }, 66);
  if (context.state === 'suspended') void context.resume().catch(() => undefined);
  return () => {
    clearInterval(timer);
    source.disconnect();
    void context.close().catch(() => undefined);
  };
}

/** Two soft notes through the chosen speaker; resolves when they have sounded. */
export function playTestTone(speaker?: string): Promise<void> {
  return play(speaker, [[523.25, 0, 0.5], [659.25, 0.35, 0.5]], 1_000);
}

/** A quiet knock for a host: somebody is waiting. */
export function playKnock(speaker?: string): Promise<void> {
  return play(speaker, [[440, 0, 0.22], [554.37, 0.14, 0.22]], 600);
}

const recordingTones = {
  started: [[392, 0, 0.3], [587.33, 0.22, 0.45]],
  resumed: [[587.33, 0, 0.45]],
  stopped: [[587.33, 0, 0.3], [392, 0.22, 0.45]],
} satisfies Record<string, Note[]>;

/** Says that recording begins (rising), goes on (one note) or is over (falling). */
export function playRecordingTone(kind: keyof typeof recordingTones, speaker?: string): Promise<void> {
  return play(speaker, recordingTones[kind], 900, 0.1);
}

/** Hertz, seconds from now, seconds long. */
type Note = [frequency: number, at: number, length: number];

async function play(speaker: string | undefined, notes: readonly Note[], wait: number, volume = 0.18): Promise<void> {
  if (typeof AudioContext !== 'function') return;
  const context = new AudioContext();
  try {
    if (speaker && 'setSinkId' in context) {
      await (context as AudioContext & { setSinkId(id: string): Promise<void> }).setSinkId(speaker).catch(() => undefined);
    }
    await context.resume();
    for (const [frequency, at, length] of notes) note(context, frequency, context.currentTime + at, length, volume);
    await new Promise((resolve) => setTimeout(resolve, wait));
  } finally {
    await context.close().catch(() => undefined);
  }
}

function note(context: AudioContext, frequency: number, at: number, length: number, volume: number): void {
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  oscillator.frequency.value = frequency;
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(volume, at + 0.03);
  gain.gain.exponentialRampToValueAtTime(0.001, at + length);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(at);
  oscillator.stop(at + length);
}
