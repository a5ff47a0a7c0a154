import { createChannel } from '../shared/channel.js';
import { connectHost } from '../shared/host.js';
import { createStore } from '../shared/store.js';
import { Controller } from './controller.js';
import { ReportPage } from './page.js';
import { initialState, reduce } from './state.js';

const host = connectHost();
const channel = createChannel(host);
const store = createStore(reduce, initialState);
const controller = new Controller(channel, host, store);

const page = new ReportPage();
page.store = store;
page.controller = controller;
page.channel = channel;
document.body.append(page);
void controller.start();
