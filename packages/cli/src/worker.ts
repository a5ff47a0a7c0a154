import { serveTasks } from '@espalier/host';

serveTasks();
