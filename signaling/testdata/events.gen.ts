// Written by the program from its frame types; do not edit.

export type Color = 'red' | 'green';

export interface Field {
  location: string;
  message: string;
}

export interface Hello {
  token?: string;
  resume?: Record<string, Position>;
}

export interface Identity {
  id: string;
  name: string;
  kind: string;
  role?: string;
}

export type Ping = Record<string, never>;

export type Pong = Record<string, never>;

export interface Position {
  offset: number;
  epoch: string;
}

export interface Problem {
  status: number;
  code: string;
  message: string;
  fields?: Field[];
  retryAfter?: number;
}

export interface TopicPosition {
  offset: number;
  epoch: string;
  recovered: boolean;
}

export interface TopicResult {
  offset: number;
  epoch: string;
  recovered: boolean;
  error?: Problem;
}

export interface TopicSubscribe {
  topic: string;
  offset?: number;
  epoch?: string;
}

export interface TopicSubscribed {
  topic: string;
  offset: number;
  epoch: string;
}

export interface TopicUnsubscribe {
  topic: string;
}

export interface TopicUnsubscribed {
  topic: string;
}

export interface TsReq {
  room: string;
  color: Color;
  device?: string;
  views: TsView[];
  colors?: Color[];
  labels: Record<string, string>;
}

export interface TsRes {
  id: string;
  at: string;
  ended?: string;
  bytes: string;
  any: unknown;
  'x-raw'?: string;
  inline: ({ a: number; b?: unknown; })[];
  extra?: unknown;
}

export interface TsView {
  width: number;
  scale?: number;
  parent?: TsView | null;
  next?: TsView;
}

export interface Welcome {
  connection: string;
  heartbeat: number;
  user: Identity;
  topics: Record<string, TopicResult>;
}

/** Client → server: what to send, and what the reply holds. */
export interface Requests {
  'hello': { request: Hello; response: Welcome };
  'ping': { request: Ping; response: Pong };
  'room.join': { request: TsReq; response: TsRes };
  'topic.subscribe': { request: TopicSubscribe; response: TopicPosition };
  'topic.unsubscribe': { request: TopicUnsubscribe; response: TopicUnsubscribed };
}

/** Server → client, directly or on a topic. */
export interface Pushes {
  'room.view': TsView;
  'topic.subscribed': TopicSubscribed;
  'topic.unsubscribed': TopicUnsubscribed;
}
