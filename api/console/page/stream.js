// The live stream. It is closed while the tab is hidden, and opened anew when it fails. While a fault
// of this page is on, it stays open: the gateway lifts such faults when the last page has gone.

const silence = 5000; // ms without a state, after which the stream counts as lost
const pause = 2000; // ms before it is opened again

/**
 * openStream calls handlers.state, .happened and .model with what the server sends, and
 * .connection(lost) when the stream is lost (with the Date of the last state) or back (undefined).
 * handlers.needed() tells whether a hidden tab has to keep it.
 */
export function openStream(handlers) {
  let source, watchdog, reopening, last, lost;

  const report = (since) => {
    if (Boolean(since) === Boolean(lost)) return;
    lost = since;
    handlers.connection(lost);
  };
  const close = () => {
    source?.close();
    source = undefined;
    clearTimeout(watchdog);
    clearTimeout(reopening);
  };
  const lose = () => {
    close();
    report(last ?? new Date());
    reopening = setTimeout(open, pause);
  };
  const wait = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(lose, silence);
  };
  function open() {
    close();
    if (document.hidden && !handlers.needed()) return;
    source = new EventSource('/console/live');
    source.onerror = lose;
    source.addEventListener('state', (event) => {
      last = new Date();
      wait();
      report(undefined);
      handlers.state(JSON.parse(event.data));
      if (document.hidden && !handlers.needed()) close();
    });
    source.addEventListener('happened', (event) => handlers.happened(JSON.parse(event.data)));
    source.addEventListener('model', () => handlers.model());
    wait();
  }

  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && !source) open();
    else if (document.hidden && !handlers.needed()) close();
  });
  addEventListener('pagehide', close);
  addEventListener('pageshow', (event) => event.persisted && open());
  open();
}
