// Mantine sheets only the call and its check need; the shell has the rest.
import '@/components/ui/fieldStyles';
import '@/components/ui/dialogStyles';
import '@mantine/core/styles/Drawer.layer.css';
import '@mantine/core/styles/Kbd.layer.css';
import '@mantine/core/styles/Switch.layer.css';
import '@mantine/core/styles/InlineInput.layer.css';
import '@mantine/core/styles/Tooltip.layer.css';
