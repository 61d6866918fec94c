import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import { type ReactElement } from 'react';
import { createMemoryRouter, RouterProvider } from 'react-router';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { SharedSocket, SocketContext } from '@/hooks/useSocket';
import { loadWords, startI18n } from '@/i18n';
import { FakeWebSocket } from '@/lib/realtime/testing/fakeSocket';
import { RealtimeSocket } from '@/lib/realtime/socket';
import { score, somebody, someRoom } from '@/lib/rtc/testing/fixtures';
import { fakeTrack, FakeStream } from '@/lib/rtc/testing/fakePeer';
import { LocalMedia } from '@/lib/rtc/local';
import { theirVerdict, unknownVerdict } from '@/lib/rtc/quality';
import { EndScreen, type EndKind } from './EndScreen';
import { KnockBanner } from './KnockBanner';
import { Lobby } from './Lobby';
import { ObstacleScreen } from './ObstacleScreen';
import { QualityWords } from './ConnectionQuality';
import { ParticipantsList, type ParticipantsListProps } from './ParticipantsList';
import { VideoControls } from './VideoControls';
import { VideoTile } from './VideoTile';
import { WaitingRoom } from './WaitingRoom';

type Ask = { video?: unknown; audio?: unknown };
const refuse = (name: string) => Object.assign(new Error(name), { name });

beforeAll(async () => {
  await startI18n();
  await loadWords(['video', 'precall', 'recording']);
});
beforeEach(() => {
  vi.stubGlobal('MediaStream', FakeStream);
  Object.defineProperty(HTMLMediaElement.prototype, 'srcObject', { value: null, writable: true, configurable: true });
});

function show(element: ReactElement) {
  const router = createMemoryRouter([{ path: '*', element }]);
  return {
    user: userEvent.setup(),
    router,
    ...render(
      <MantineProvider env="test">
        <QueryClientProvider client={new QueryClient()}>
          <SocketContext value={new SharedSocket(() => new RealtimeSocket({ url: 'ws://x', connect: (url, protocol) => new FakeWebSocket(url, protocol) as unknown as WebSocket }))}>
            <RouterProvider router={router} />
          </SocketContext>
        </QueryClientProvider>
      </MantineProvider>,
    ),
  };
}

async function clean(element: Element) {
  const { violations } = await axe.run(element, { rules: { 'color-contrast': { enabled: false }, region: { enabled: false } } });
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`)).toEqual([]);
}

function media(answer: (ask: Ask) => unknown = (ask) => new FakeStream([...(ask.video ? [fakeTrack('video')] : []), ...(ask.audio ? [fakeTrack('audio')] : [])])) {
  const devices = [
    { kind: 'videoinput', deviceId: 'video-1', label: 'Desk camera' },
    { kind: 'audioinput', deviceId: 'audio-1', label: 'Headset' },
  ];
  return new LocalMedia(
    {
      getUserMedia: async (ask: Ask) => {
        const given = answer(ask);
        if (given instanceof Error) throw given;
        return given;
      },
      enumerateDevices: async () => devices,
      addEventListener: () => undefined,
      removeEventListener: () => undefined,
    } as unknown as MediaDevices,
    undefined,
  );
}

const controls = () => ({
  microphone: true, camera: true, screen: false, hand: false, audioOnly: false, talking: false, unmuted: false,
  pending: { microphone: false, camera: false, screen: false },
  setMicrophone: vi.fn(), toggleMicrophone: vi.fn(), undoUnmute: vi.fn(), toggleCamera: vi.fn(), toggleScreen: vi.fn(), toggleHand: vi.fn(), pushToTalk: vi.fn(), setAudioOnly: vi.fn(),
});

describe('controls', () => {
  const bar = (more: Partial<Parameters<typeof VideoControls>[0]> = {}) => {
    const props = { controls: controls(), canShare: true, isHost: false, recording: { live: false }, onRecord: vi.fn(), waiting: 0, peopleOpen: false, onPeople: vi.fn(), onLeave: vi.fn(), onEnd: vi.fn(), more: null, ...more };
    return { props, ...show(<VideoControls {...(props as Parameters<typeof VideoControls>[0])} />) };
  };
  const button = (name: string) => screen.getByRole('button', { name });

  it('say what pressing does now, and whether it is on', async () => {
    const { props, user } = bar();
    expect(button('Turn microphone off')).toHaveAttribute('aria-pressed', 'true');
    await user.click(button('Turn microphone off'));
    await user.click(button('Turn camera off'));
    await user.click(button('Share your screen'));
    await user.click(button('Raise your hand'));
    for (const name of ['toggleMicrophone', 'toggleCamera', 'toggleScreen', 'toggleHand'] as const) expect(props.controls[name]).toHaveBeenCalledTimes(1);
  });

  it('change their words with their state', () => {
    bar({ controls: { ...controls(), microphone: false, camera: false, screen: true, hand: true } as never });
    for (const name of ['Turn microphone on', 'Turn camera on', 'Stop sharing', 'Lower your hand']) expect(button(name)).toBeVisible();
  });

  it('let a participant leave with one press, and a host choose', async () => {
    const alone = bar();
    await alone.user.click(button('Leave'));
    expect(alone.props.onLeave).toHaveBeenCalledTimes(1);
    alone.unmount();
    const { props, user } = bar({ isHost: true });
    await user.click(button('Leave or end'));
    await user.click(await screen.findByRole('menuitem', { name: 'End the session for all' }));
    expect(props.onEnd).toHaveBeenCalledTimes(1);
    expect(props.onLeave).not.toHaveBeenCalled();
  });

  it('count who waits, aloud', async () => {
    const { container } = bar({ isHost: true, waiting: 2 });
    expect(button('People, 2 waiting')).toBeVisible();
    await clean(container);
  });

  it('offer no screen share where there is none', () => {
    bar({ canShare: false });
    expect(screen.queryByRole('button', { name: 'Share your screen' })).toBeNull();
  });
});

describe('the list of people', () => {
  const list = (more: Partial<ParticipantsListProps> = {}) => {
    const props: ParticipantsListProps = {
      self: somebody('me', { role: 'host' }),
      others: [somebody('C', { name: 'Casey', screen: true }), somebody('D', { name: 'Drew', microphone: false, handRaised: true })],
      waiting: [somebody('W', { name: 'Wim', state: 'waiting' }), somebody('X', { name: 'Xena', state: 'waiting', role: 'guest' })],
      speaking: new Set(), isHost: true, verdictOf: () => unknownVerdict, recordingOf: () => undefined,
      onAdmit: vi.fn(), onDeny: vi.fn(), onMute: vi.fn(), onKick: vi.fn(), ...more,
    };
    return { props, ...show(<ParticipantsList {...props} />) };
  };
  const button = (name: string) => screen.getByRole('button', { name });

  it('lets a host decide about each person at the door alone', async () => {
    const { props, user } = list();
    await user.click(button('Let in Xena'));
    await user.click(button('Turn away Wim'));
    expect(props.onAdmit).toHaveBeenCalledExactlyOnceWith(props.waiting[1]);
    expect(props.onDeny).toHaveBeenCalledExactlyOnceWith(props.waiting[0]);
    expect(screen.queryByRole('button', { name: /all/i })).toBeNull();
  });

  it('lets a host mute, stop a screen and remove', async () => {
    const { props, user, container } = list();
    await user.click(button('Mute Casey'));
    await user.click(button('Stop the screen share of Casey'));
    await user.click(button('Remove Drew'));
    expect(props.onMute).toHaveBeenNthCalledWith(1, props.others[0], 'microphone');
    expect(props.onMute).toHaveBeenNthCalledWith(2, props.others[0], 'screen');
    expect(props.onKick).toHaveBeenCalledExactlyOnceWith(props.others[1]);
    expect(screen.queryByRole('button', { name: 'Mute Drew' })).toBeNull();
    await clean(container);
  });

  it('gives others neither door nor power', () => {
    list({ isHost: false });
    expect(screen.queryByText('Waiting to come in')).toBeNull();
    expect(screen.queryAllByRole('button')).toEqual([]);
    const drew = screen.getByText('Drew').closest('li') as HTMLElement;
    expect(within(drew).getByRole('img', { name: 'Microphone off' })).toBeVisible();
    expect(drew).toHaveTextContent('Hand raised');
  });

  it('lets no host remove another', () => {
    list({ others: [somebody('H2', { name: 'Hana', role: 'host' })], waiting: [] });
    expect(screen.queryByRole('button', { name: 'Remove Hana' })).toBeNull();
    expect(screen.getByText('Nobody is waiting.')).toBeVisible();
  });
});

describe('a tile', () => {
  const track = (more = {}) => ({ participant: 'C', source: 'camera' as const, mid: '10', stream: new FakeStream() as unknown as MediaStream, track: fakeTrack('video'), active: true, layer: 'q', width: 1, height: 1, reason: '', ...more });

  it('says in its name what one would see', () => {
    show(<VideoTile participant={somebody('C', { name: 'Casey', microphone: false, handRaised: true, camera: false })} source="camera" />);
    expect(screen.getByRole('group', { name: 'Casey, microphone off, camera off, hand raised' })).toBeVisible();
    expect(screen.getByText('C', { selector: '[aria-hidden]' })).toBeInTheDocument();
  });

  it('shows the picture while it flows', () => {
    const { container } = show(<VideoTile participant={somebody('C')} source="camera" remote={track()} />);
    expect(container.querySelector('[data-participant="C"][data-source="camera"] video')).not.toBeNull();
  });

  it('says why there is none', () => {
    const { container } = show(<VideoTile participant={somebody('C')} source="camera" remote={track({ active: false, reason: 'bandwidth' })} />);
    expect(screen.getByText('Video paused to keep the sound clear')).toBeVisible();
    expect(container.querySelector('video')).toBeNull();
  });

  it('keeps the last frame of somebody who reconnects', () => {
    const { container } = show(<VideoTile participant={somebody('C', { state: 'reconnecting' })} source="camera" remote={track({ active: false })} />);
    expect(container.querySelector('[data-dimmed] video')).not.toBeNull();
    expect(screen.getByText('Reconnecting…')).toBeVisible();
  });

  it('lets go of its last frame when it is taken away: a camera has few', () => {
    const { container, unmount } = show(<VideoTile participant={somebody('C')} source="camera" remote={track()} />);
    const video = container.querySelector('video') as HTMLVideoElement;
    expect(video.srcObject).not.toBeNull();
    unmount();
    expect(video.srcObject).toBeNull();
  });

  it('never shows a ring around somebody who is muted', () => {
    const { container, unmount } = show(<VideoTile participant={somebody('C', { microphone: false })} source="camera" speaking />);
    expect(container.querySelector('[data-speaking]')).toBeNull();
    unmount();
    expect(show(<VideoTile participant={somebody('C')} source="camera" speaking />).container.querySelector('[data-speaking]')).not.toBeNull();
  });
});

describe('the lobby', () => {
  const lobby = async (local = media(), more = {}, onJoin = vi.fn()) => {
    const rendered = show(<Lobby room={someRoom({ waitingRoom: true, ...more }) as never} me={{ id: 'me', name: 'Me' }} local={local} joining={false} recording={undefined} onJoin={onJoin} />);
    await act(() => local.open());
    return { onJoin, local, ...rendered };
  };

  it('joins with what one sees', async () => {
    const { onJoin, user, container } = await lobby();
    expect(screen.getByText('You will be let in by Person H.')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Join now' }));
    expect(onJoin).toHaveBeenCalledTimes(1);
    await clean(container);
  });

  it('joins with sound only, the camera off before', async () => {
    const { onJoin, local, user } = await lobby();
    await user.click(screen.getByRole('button', { name: 'Join with sound only' }));
    await waitFor(() => expect(onJoin).toHaveBeenCalledTimes(1));
    expect(local.state.get().camera.on).toBe(false);
    expect(local.state.get().microphone.on).toBe(true);
  });

  it('waits for its time, but not for a host', async () => {
    const soon = { joinableFrom: new Date(Date.now() + 3_600_000).toISOString() };
    const { unmount } = await lobby(media(), soon);
    expect(screen.getByRole('button', { name: 'Join now' })).toBeDisabled();
    unmount();
    await lobby(media(), { ...soon, myRole: 'host' });
    expect(screen.getByRole('button', { name: 'Join now' })).toBeEnabled();
  });

  it('explains a refusal for this browser, and tries again', async () => {
    let allowed = false;
    const local = media((ask) => (allowed ? new FakeStream([fakeTrack('video'), fakeTrack('audio')]) : (void ask, refuse('NotAllowedError'))));
    const { user } = await lobby(local);
    const alert = await screen.findByRole('alert');
    expect(alert).toHaveTextContent('Your browser blocks the camera');
    expect(alert).toHaveTextContent('Your browser blocks the microphone');
    expect(within(alert).getAllByRole('listitem').length).toBeGreaterThan(1);
    expect(screen.getByText(/Nobody will see or hear you/)).toBeVisible();
    allowed = true;
    await user.click(within(alert).getByRole('button', { name: 'Try again' }));
    await waitFor(() => expect(screen.queryByRole('alert')).toBeNull());
  });

  it('lets one join without a camera', async () => {
    const { onJoin, user } = await lobby(media((ask) => (ask.video ? refuse('NotFoundError') : new FakeStream([fakeTrack('audio')]))));
    expect(await screen.findByRole('alert')).toHaveTextContent('No camera found');
    await user.click(screen.getByRole('button', { name: 'Join now' }));
    expect(onJoin).toHaveBeenCalledTimes(1);
  });
});

describe('the waiting room', () => {
  it('says who will let one in, and that nobody sees one yet', async () => {
    const onLeave = vi.fn();
    const { user, container } = show(<WaitingRoom room={someRoom()} self={somebody('me', { state: 'waiting' })} local={media()} recording={undefined} onLeave={onLeave} />);
    expect(screen.getByRole('heading', { level: 1, name: 'You are in the waiting room' })).toHaveFocus();
    expect(screen.getByRole('status')).toHaveTextContent('Person H knows you are here');
    expect(screen.getByText('Nobody can see or hear you yet.')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Leave' }));
    expect(onLeave).toHaveBeenCalledTimes(1);
    await clean(container);
  });
});

describe('a knock', () => {
  it('of one may be answered here; of several the list comes first', async () => {
    const onAdmit = vi.fn();
    const one = somebody('W', { name: 'Wim' });
    const { user, unmount } = show(<KnockBanner waiting={[one]} onAdmit={onAdmit} onSee={vi.fn()} />);
    await user.click(screen.getByRole('button', { name: 'Let in Wim' }));
    expect(onAdmit).toHaveBeenCalledWith(one);
    unmount();
    show(<KnockBanner waiting={[one, somebody('X')]} onAdmit={onAdmit} onSee={vi.fn()} />);
    expect(screen.getByText('2 people are waiting to come in')).toBeVisible();
    expect(screen.queryByRole('button', { name: /Let in/ })).toBeNull();
  });
});

describe('the end', () => {
  it.each<[EndKind, string, string | undefined]>([
    ['left', 'You left the session', 'Join again'],
    ['ended', 'The session has ended', undefined],
    ['kicked', 'You were removed from the session', undefined],
    ['denied', 'You were not let in', 'Ask again'],
    ['replaced', 'You are in this session elsewhere', 'Take it back here'],
    ['failed', 'You could not join', 'Join again'],
    ['notFound', 'There is no such session', undefined],
  ])('%s: %s', async (kind, title, again) => {
    const onAgain = vi.fn();
    const { user, container } = show(<EndScreen kind={kind} onAgain={onAgain} />);
    expect(screen.getByRole('heading', { level: 1, name: title })).toHaveFocus();
    expect(screen.getByRole('link', { name: 'Go to Today' })).toBeVisible();
    if (again) await user.click(screen.getByRole('button', { name: again }));
    else expect(screen.queryByRole('button')).toBeNull();
    expect(onAgain).toHaveBeenCalledTimes(again ? 1 : 0);
    await clean(container);
  });

  it('puts a refusal in words, and a stranger\'s code in general ones', () => {
    const { unmount } = show(<EndScreen kind="failed" reason="room_full" onAgain={vi.fn()} />);
    expect(screen.getByText('The session is full.')).toBeVisible();
    unmount();
    show(<EndScreen kind="failed" reason="x_y_z" onAgain={vi.fn()} />);
    expect(screen.getByText('Something stood in the way. Please try again.')).toBeVisible();
  });

  it('sends who is signed out to sign in, and back', () => {
    show(<EndScreen kind="signedOut" onAgain={vi.fn()} />);
    expect(screen.getByRole('link', { name: 'Sign in' })).toHaveAttribute('href', expect.stringContaining('/sign-in?to='));
  });
});

it.each(['insecure', 'unsupported'] as const)('%s has its own screen', async (obstacle) => {
  const { container } = show(<ObstacleScreen obstacle={obstacle} />);
  expect(screen.getByRole('heading', { level: 1 })).toHaveTextContent(obstacle === 'insecure' ? 'not secure' : 'cannot hold a video session');
  await clean(container);
});

it('quality says whose side it is and what to do', () => {
  const verdict = theirVerdict({ participant: 'C', up: score('poor', { reason: 'loss' }), down: score('good') }, undefined);
  show(<QualityWords title="Casey" verdict={verdict} />);
  expect(screen.getByText('weak')).toBeVisible();
  expect(screen.getByText('The weak part is on the other side.')).toBeVisible();
  expect(screen.getByText('They may want to move nearer to their router.')).toBeVisible();
});
