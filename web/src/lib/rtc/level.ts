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
export async function playTestTone(speaker?: string): Promise<void> {
  const context = new AudioContext();
  try {
    if (speaker && 'setSinkId' in context) {
      await (context as AudioContext & { setSinkId(id: string): Promise<void> }).setSinkId(speaker).catch(() => undefined);
    }
    await context.resume();
    [523.25, 659.25].forEach((frequency, i) => note(context, frequency, context.currentTime + i * 0.35, 0.5));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  } finally {
    await context.close().catch(() => undefined);
  }
}

/** A quiet knock for a host: somebody is waiting. */
export async function playKnock(speaker?: string): Promise<void> {
  if (typeof AudioContext !== 'function') return;
  const context = new AudioContext();
  try {
    if (speaker && 'setSinkId' in context) {
      await (context as AudioContext & { setSinkId(id: string): Promise<void> }).setSinkId(speaker).catch(() => undefined);
    }
    [440, 554.37].forEach((frequency, i) => note(context, frequency, context.currentTime + i * 0.14, 0.22));
    await new Promise((resolve) => setTimeout(resolve, 600));
  } finally {
    await context.close().catch(() => undefined);
  }
}

function note(context: AudioContext, frequency: number, at: number, length: number): void {
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  oscillator.frequency.value = frequency;
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(0.18, at + 0.03);
  gain.gain.exponentialRampToValueAtTime(0.001, at + length);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(at);
  oscillator.stop(at + length);
}
