import type account from './en/account';
import type auth from './en/auth';
import type common from './en/common';
import type consent from './en/consent';
import type people from './en/people';
import type precall from './en/precall';
import type recording from './en/recording';
import type recordings from './en/recordings';
import type review from './en/review';
import type sessions from './en/sessions';
import type video from './en/video';

/** Every area's words; keys are checked against the English ones. */
export interface Catalogue {
  account: typeof account;
  auth: typeof auth;
  common: typeof common;
  consent: typeof consent;
  people: typeof people;
  precall: typeof precall;
  recording: typeof recording;
  recordings: typeof recordings;
  review: typeof review;
  sessions: typeof sessions;
  video: typeof video;
}

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'common';
    resources: Catalogue;
  }
}
