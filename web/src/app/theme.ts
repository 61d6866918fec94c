import {
  createTheme,
  type CSSVariablesResolver,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  type VariantColorsResolver,
} from '@mantine/core';

// Deep sage: the brand. Step 7 carries white text at 7:1.
const sage: MantineColorsTuple = [
  '#eef6f2', '#dcebe4', '#bcd8cc', '#96c1b1', '#6da893',
  '#478d77', '#2d7561', '#1f6151', '#174c40', '#0f352d',
];
// Warm sand: the neutrals of the light theme.
const sand: MantineColorsTuple = [
  '#fbf9f6', '#f4f0ea', '#e9e3da', '#d9d1c5', '#bbb1a2',
  '#8d8477', '#6b6358', '#524b43', '#39342e', '#24201c',
];
// Moss night: the neutrals of the dark theme, text first, ground last.
const dark: MantineColorsTuple = [
  '#eae8e2', '#cfcec7', '#aaaea7', '#7e857f', '#515a55',
  '#3b4440', '#2a322f', '#1f2624', '#171c1a', '#101412',
];
// Clay: warmth and attention, never errors.
const clay: MantineColorsTuple = [
  '#fdf4ed', '#fae5d6', '#f3c9ac', '#eaab7e', '#df8e57',
  '#cc713a', '#a9541f', '#8c4419', '#6d3514', '#4f270f',
];
// Brick: errors and irreversible acts.
const brick: MantineColorsTuple = [
  '#fdf2f1', '#fadfdc', '#f3bcb7', '#ea958e', '#dd6b63',
  '#c84a42', '#ae352e', '#8f2a25', '#70211d', '#531814',
];

/**
 * Button colours by role, so that contrast holds in both themes: Mantine's own
 * shades put white on pale sage at night.
 */
const variantColorResolver: VariantColorsResolver = (input) => {
  const { variant, color = 'sage' } = input;
  const role = color === 'brick' || color === 'red' ? 'brick' : color === 'sage' ? 'brand' : null;
  if (!role) return defaultVariantColorsResolver(input);
  const text = `var(--m-${role}-text)`;
  switch (variant) {
    case 'filled':
      return { background: `var(--m-${role})`, hover: `var(--m-${role}-hover)`, color: `var(--m-on-${role})`, border: 'none' };
    case 'light':
      return { background: `var(--m-${role}-soft)`, hover: `var(--m-${role}-soft-hover)`, color: text, border: 'none' };
    case 'subtle':
      return { background: 'transparent', hover: `var(--m-${role}-soft)`, color: text, border: 'none' };
    case 'white':
      return { background: 'var(--m-surface)', hover: 'var(--m-surface-soft)', color: text, border: 'none' };
    default:
      return defaultVariantColorsResolver(input);
  }
};

export const theme = createTheme({
  variantColorResolver,
  colors: { sage, sand, gray: sand, dark, clay, brick, red: brick, orange: clay, green: sage },
  primaryColor: 'sage',
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  luminanceThreshold: 0.32,
  white: '#ffffff',
  black: '#24201c',
  fontFamily:
    '-apple-system, BlinkMacSystemFont, "Segoe UI Variable Text", "Segoe UI", Roboto, "Noto Sans", Ubuntu, Cantarell, "Liberation Sans", system-ui, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  headings: {
    // A book face for titles only: warm without a download.
    fontFamily:
      '"Iowan Old Style", "Palatino Linotype", "URW Palladio L", P052, Charter, "Noto Serif", Georgia, serif',
    fontWeight: '500',
    textWrap: 'balance',
    sizes: {
      h1: { fontSize: '1.875rem', lineHeight: '1.2' },
      h2: { fontSize: '1.375rem', lineHeight: '1.3' },
      h3: { fontSize: '1.125rem', lineHeight: '1.4' },
      h4: { fontSize: '1rem', lineHeight: '1.45' },
    },
  },
  fontSizes: { xs: '0.8125rem', sm: '0.9375rem', md: '1rem', lg: '1.125rem', xl: '1.375rem' },
  lineHeights: { xs: '1.4', sm: '1.5', md: '1.55', lg: '1.6', xl: '1.6' },
  spacing: { xs: '0.5rem', sm: '0.75rem', md: '1rem', lg: '1.5rem', xl: '2.25rem' },
  radius: { xs: '0.375rem', sm: '0.5rem', md: '0.75rem', lg: '1.125rem', xl: '1.75rem' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  focusRing: 'auto',
  components: {
    Button: { defaultProps: { radius: 'xl', size: 'md' } },
    ActionIcon: { defaultProps: { radius: 'xl', size: 'lg', variant: 'subtle' } },
    TextInput: { defaultProps: { size: 'md' } },
    PasswordInput: { defaultProps: { size: 'md' } },
    Select: { defaultProps: { size: 'md', allowDeselect: false } },
    MultiSelect: { defaultProps: { size: 'md' } },
    Modal: { defaultProps: { radius: 'lg', centered: true, overlayProps: { backgroundOpacity: 0.45 } } },
    Menu: { defaultProps: { radius: 'md', shadow: 'md' } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: false, radius: 'sm' } },
  },
});

/** The roles colours play; components name these, never a shade. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {
    '--m-focus-width': '3px',
    '--m-target': '2.75rem',
    '--m-page': '68rem',
    '--mantine-primary-color-filled': 'var(--m-brand)',
    '--mantine-primary-color-filled-hover': 'var(--m-brand-hover)',
    '--mantine-primary-color-contrast': 'var(--m-on-brand)',
    '--m-rail': '15.5rem',
    '--m-ease': 'cubic-bezier(0.2, 0, 0, 1)',
  },
  light: {
    '--m-ground': '#fbf9f6',
    '--m-rail-ground': '#f4f0ea',
    '--m-surface': '#ffffff',
    '--m-surface-soft': '#f4f0ea',
    '--m-surface-brand': '#e6f0eb',
    '--m-line': '#e4ddd2',
    '--m-line-strong': '#8d8477',
    '--m-text': '#24201c',
    '--m-text-soft': '#5f574d',
    '--m-brand': '#1f6151',
    '--m-brand-hover': '#174c40',
    '--m-on-brand': '#ffffff',
    '--m-brand-text': '#1f6151',
    '--m-brand-soft': '#d9e9e1',
    '--m-brand-soft-hover': '#cae0d5',
    '--m-clay-text': '#8c4419',
    '--m-clay-soft': '#fae5d6',
    '--m-brick': '#ae352e',
    '--m-brick-hover': '#8f2a25',
    '--m-on-brick': '#ffffff',
    '--m-brick-text': '#8f2a25',
    '--m-brick-soft': '#fadfdc',
    '--m-brick-soft-hover': '#f6cfca',
    '--m-focus': '#1f6151',
    '--m-shadow': '0 1px 2px rgb(58 44 24 / 6%), 0 8px 24px -12px rgb(58 44 24 / 18%)',
    '--mantine-color-body': '#fbf9f6',
    '--mantine-color-text': '#24201c',
    '--mantine-color-dimmed': '#5f574d',
    '--mantine-color-placeholder': '#6b6358',
    '--mantine-color-default-border': '#8d8477',
    '--mantine-color-error': '#ae352e',
    '--mantine-color-anchor': '#1f6151',
  },
  dark: {
    '--m-ground': '#171c1a',
    '--m-rail-ground': '#1b211f',
    '--m-surface': '#1f2624',
    '--m-surface-soft': '#2a322f',
    '--m-surface-brand': '#1d332c',
    '--m-line': '#333c38',
    '--m-line-strong': '#7e857f',
    '--m-text': '#eae8e2',
    '--m-text-soft': '#b4b8b1',
    '--m-brand': '#7fb8a4',
    '--m-brand-hover': '#96c1b1',
    '--m-on-brand': '#0c1f1a',
    '--m-brand-text': '#a5cdbf',
    '--m-brand-soft': '#274239',
    '--m-brand-soft-hover': '#315246',
    '--m-clay-text': '#eaab7e',
    '--m-clay-soft': '#43301f',
    '--m-brick': '#e68d86',
    '--m-brick-hover': '#f0a69f',
    '--m-on-brick': '#2b0d0b',
    '--m-brick-text': '#f0a69f',
    '--m-brick-soft': '#472523',
    '--m-brick-soft-hover': '#573030',
    '--m-focus': '#96c1b1',
    '--m-shadow': '0 1px 2px rgb(0 0 0 / 30%), 0 8px 24px -12px rgb(0 0 0 / 50%)',
    '--mantine-color-body': '#171c1a',
    '--mantine-color-text': '#eae8e2',
    '--mantine-color-dimmed': '#b4b8b1',
    '--mantine-color-placeholder': '#aaaea7',
    '--mantine-color-default-border': '#7e857f',
    '--mantine-color-error': '#f0a69f',
    '--mantine-color-anchor': '#96c1b1',
  },
});
