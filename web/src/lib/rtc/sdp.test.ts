import { describe, expect, it } from 'vitest';
import { iceUfrag, program, speech, withOpus } from './sdp';

const sdp = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111 63',
  'a=ice-ufrag:abcd',
  'a=mid:0',
  'a=rtpmap:111 opus/48000/2',
  'a=fmtp:111 minptime=10;useinbandfec=1',
  'a=rtpmap:63 red/48000/2',
  'a=fmtp:63 111/111',
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  'a=mid:1',
  'a=rtpmap:96 VP8/90000',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=mid:3',
  'a=rtpmap:111 opus/48000/2',
  '',
].join('\r\n');

describe('withOpus', () => {
  it('asks for speech with DTX, FEC and one channel, and leaves RED alone', () => {
    const out = withOpus(sdp, new Map([['0', speech]]));
    expect(out).toContain('a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1;stereo=0;sprop-stereo=0\r\n');
    expect(out).toContain('a=fmtp:63 111/111\r\n');
  });

  it('adds the line where there is none, right after its rtpmap', () => {
    const out = withOpus(sdp, new Map([['3', program]]));
    expect(out).toContain(
      'a=mid:3\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1;usedtx=0;stereo=1;sprop-stereo=1;maxaveragebitrate=128000\r\n',
    );
  });

  it('changes only the sections named', () => {
    expect(withOpus(sdp, new Map([['1', speech]]))).toBe(sdp);
    expect(withOpus(sdp, new Map())).toBe(sdp);
  });

  it('is the same when done twice', () => {
    const profiles = new Map([['0', speech], ['3', program]]);
    const once = withOpus(sdp, profiles);
    expect(withOpus(once, profiles)).toBe(once);
  });

  it('survives what is no description', () => {
    for (const text of ['', 'm=audio', 'a=mid:0', '\n\n', 'm=audio 9\na=mid:0\na=rtpmap:111 opus/48000/2']) {
      expect(() => withOpus(text, new Map([['0', speech]]))).not.toThrow();
    }
  });
});

it('reads the user fragment', () => {
  expect(iceUfrag(sdp)).toBe('abcd');
  expect(iceUfrag('v=0')).toBeUndefined();
});
