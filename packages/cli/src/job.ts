import { serveJob } from '@espalier/host';
import { VERSION } from './version.js';

serveJob(VERSION);
