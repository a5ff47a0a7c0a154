import { createChannel } from '../shared/channel.js';
import { connectHost } from '../shared/host.js';
import { createStore } from '../shared/store.js';
import { Controller } from './controller.js';
import { DoctorPage } from './page.js';
import { initialState, reduce } from './state.js';

const store = createStore(reduce, initialState);
const controller = new Controller(createChannel(connectHost()), store);

const page = new DoctorPage();
page.store = store;
page.controller = controller;
document.body.append(page);
void controller.start();
