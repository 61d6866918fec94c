import type common from './en/common';
import type precall from './en/precall';
import type video from './en/video';

/** Every area's words; keys are checked against the English ones. */
export interface Catalogue {
  common: typeof common;
  precall: typeof precall;
  video: typeof video;
}

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'common';
    resources: Catalogue;
  }
}
