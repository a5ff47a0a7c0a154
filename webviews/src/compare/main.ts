import { createChannel } from '../shared/channel.js';
import { connectHost } from '../shared/host.js';
import { createStore } from '../shared/store.js';
import { Controller } from './controller.js';
import { ComparePage } from './page.js';
import { initialState, reduce } from './state.js';
import { TrendPage } from './trendPage.js';
import { initialTrend, reduceTrend } from './trendState.js';

const host = connectHost();
const channel = createChannel(host);
const store = createStore(reduce, initialState);
const trendStore = createStore(reduceTrend, initialTrend);
const controller = new Controller(channel, host, store, trendStore);

/** Two files are compared value by value; three or more by the share of zeros of each layer. */
store.subscribe(({ start }, before) => {
  if (start === null || before.start !== null) return;
  if (start.paths.length > 2) {
    const page = new TrendPage();
    page.store = trendStore;
    page.controller = controller;
    page.pageStart = start;
    document.body.append(page);
  } else {
    const page = new ComparePage();
    page.channel = channel;
    page.store = store;
    page.controller = controller;
    document.body.append(page);
  }
});
void controller.start();
