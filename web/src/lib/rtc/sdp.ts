/**
 * How Opus should be sent in one media section. The browser's sender obeys
 * the fmtp line of the *remote* description (RFC 7587 §7), so these go into
 * the answer before it is set, and into the offer so that the far side knows
 * what we like to hear.
 */
export interface OpusProfile {
  dtx: boolean;
  fec: boolean;
  stereo: boolean;
  /** bit/s; undefined leaves the browser's own choice. */
  maxBitrate?: number;
}

/** Speech: silence costs nothing, losses are mended in band, one channel keeps echo cancellation honest. */
export const speech: OpusProfile = { dtx: true, fec: true, stereo: false };

/** Sound of a shared screen: music and films, so no DTX and two channels. */
export const program: OpusProfile = { dtx: false, fec: true, stereo: true, maxBitrate: 128_000 };

/** Splits a description into its session part and one block per media section. */
function sections(sdp: string): string[] {
  return sdp.split(/(?=^m=)/m);
}

export function midOf(section: string): string | undefined {
  return /^a=mid:(\S+)/m.exec(section)?.[1];
}

function opusPayload(section: string): string | undefined {
  return /^a=rtpmap:(\d+) opus\/48000\/2\s*$/im.exec(section)?.[1];
}

function parameters(profile: OpusProfile): Record<string, string> {
  return {
    minptime: '10',
    useinbandfec: profile.fec ? '1' : '0',
    usedtx: profile.dtx ? '1' : '0',
    stereo: profile.stereo ? '1' : '0',
    'sprop-stereo': profile.stereo ? '1' : '0',
    ...(profile.maxBitrate === undefined ? {} : { maxaveragebitrate: String(profile.maxBitrate) }),
  };
}

function mungeSection(section: string, profile: OpusProfile): string {
  const payload = opusPayload(section);
  if (payload === undefined) return section;
  const eol = section.includes('\r\n') ? '\r\n' : '\n';
  const fmtp = new RegExp(`^a=fmtp:${payload} ([^\\r\\n]*)`, 'm');
  const found = fmtp.exec(section);
  const merged: Record<string, string> = {};
  for (const pair of (found?.[1] ?? '').split(';')) {
    const [key, value] = pair.split('=', 2).map((part) => part.trim());
    if (key) merged[key] = value ?? '';
  }
  Object.assign(merged, parameters(profile));
  const line = `a=fmtp:${payload} ${Object.entries(merged).map(([k, v]) => (v === '' ? k : `${k}=${v}`)).join(';')}`;
  if (found) return section.replace(fmtp, () => line);
  return section.replace(new RegExp(`^(a=rtpmap:${payload} [^\\r\\n]*)`, 'm'), (_, rtpmap: string) => `${rtpmap}${eol}${line}`);
}

/** Rewrites the Opus parameters of the named media sections; all else stays byte for byte. */
export function withOpus(sdp: string, profiles: ReadonlyMap<string, OpusProfile>): string {
  return sections(sdp)
    .map((section) => {
      const profile = profiles.get(midOf(section) ?? '');
      return profile && section.startsWith('m=audio') ? mungeSection(section, profile) : section;
    })
    .join('');
}

/** The ICE user name fragment: a new one means ICE was restarted. */
export function iceUfrag(sdp: string): string | undefined {
  return /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1];
}
