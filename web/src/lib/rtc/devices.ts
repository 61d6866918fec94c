import { Store, type Readable } from '../store';

export interface Device {
  id: string;
  label: string;
}

export interface DeviceList {
  cameras: readonly Device[];
  microphones: readonly Device[];
  speakers: readonly Device[];
  /** False until the browser tells names, which it does after the first permission. */
  named: boolean;
}

export const noDevices: DeviceList = { cameras: [], microphones: [], speakers: [], named: false };

/** Sorts the browser's flat list; entries without an id are placeholders shown before permission. */
export function sortDevices(infos: readonly Pick<MediaDeviceInfo, 'kind' | 'deviceId' | 'label'>[]): DeviceList {
  const of = (kind: MediaDeviceKind) =>
    infos
      .filter((info) => info.kind === kind && info.deviceId !== '')
      .map((info, index) => ({ id: info.deviceId, label: info.label || `${index + 1}` }));
  return {
    cameras: of('videoinput'),
    microphones: of('audioinput'),
    speakers: of('audiooutput'),
    named: infos.some((info) => info.label !== ''),
  };
}

/** The devices of this machine, kept up to date while somebody watches. */
export class Devices {
  readonly #media: MediaDevices | undefined;
  readonly #list = new Store<DeviceList>(noDevices);
  #watchers = 0;

  constructor(media: MediaDevices | undefined = navigator.mediaDevices) {
    this.#media = media;
  }

  get list(): Readable<DeviceList> {
    return this.#list;
  }

  refresh = async (): Promise<DeviceList> => {
    try {
      this.#list.set(sortDevices((await this.#media?.enumerateDevices()) ?? []));
    } catch {
      // A browser that will not list its devices still lets the person use the default ones.
    }
    return this.#list.get();
  };

  /** Follows plugging and unplugging until the returned function is called. */
  watch(): () => void {
    if (this.#watchers++ === 0) this.#media?.addEventListener?.('devicechange', this.refresh);
    void this.refresh();
    return () => {
      if (--this.#watchers === 0) this.#media?.removeEventListener?.('devicechange', this.refresh);
    };
  }
}

export type Permission = 'granted' | 'denied' | 'prompt' | 'unknown';

/** What the browser would answer now, without asking the person. */
export async function permission(name: 'camera' | 'microphone'): Promise<Permission> {
  try {
    return (await navigator.permissions.query({ name: name as PermissionName })).state;
  } catch {
    return 'unknown';
  }
}
