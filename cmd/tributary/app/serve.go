package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"tributary/api"
	"tributary/api/console"
	"tributary/telemetry"
	"tributary/telemetry/story"
	"tributary/upstream/declared"
	upstreamsim "tributary/upstream/sim"
)

// serve runs the gateway until SIGINT or SIGTERM.
func serve(ctx context.Context, n Network, getenv func(string) string, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	return serveUntil(ctx, n, getenv, stderr, events{credentials: true})
}

// listening holds the addresses of a gateway's listeners.
type listening struct {
	api, admin net.Addr // admin is nil when it is off
	console    bool     // the admin listener serves the console
}

// events are what a command may want to know of its gateway. Each may be nil.
type events struct {
	listening func(listening)            // all listeners are open
	loaded    func(*declared.Definition) // called before the endpoints of a file are served
	demo      func(listening) *api.Demo  // what the pages offer; called once the addresses are known

	simulator   *upstreamsim.Simulator // of the upstreams, in this process; nil: there is none
	credentials bool                   // the upstreams are real, so a secret that is not set is told
}

// serveUntil reads the configuration and serves until ctx is done.
func serveUntil(ctx context.Context, n Network, getenv func(string) string, stderr io.Writer, on events) int {
	cfg, err := readConfig(getenv)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	log := newLogger(cfg, getenv, stderr)
	logEnvironment(log, getenv)
	for _, m := range cfg.misspeltVariables() {
		log.Warn("a variable "+m.String(), "variable", m.name)
	}
	if on.credentials {
		for _, u := range cfg.withoutCredentials() {
			log.Warn("a secret is not set, so the upstream is called without credentials", "upstream", u.provider.name, "variable", u.provider.credential.variable)
		}
	}
	if err := serveConfig(ctx, n, cfg, getenv, log, on); err != nil {
		log.Error("stopped", "error", err.Error())
		return 1
	}
	log.Info("stopped")
	return 0
}

func serveConfig(ctx context.Context, n Network, cfg config, getenv func(string) string, log *slog.Logger, on events) (err error) {
	stories := newStories(cfg)
	tel, err := telemetry.Setup(ctx, telemetry.Config{
		Service: "tributary",
		Version: thisBuild().version,
		Parent:  telemetry.Parent(cfg.TraceParent),
		Env:     getenv,
		Logger:  log,
		Stories: stories,
	})
	if err != nil {
		return fmt.Errorf("telemetry: %w", err)
	}
	exit := newExit(cfg.ShutdownTimeout)
	defer func() { // the last step, because the others are traced too
		ctx, cancel := exit.forFlushing()
		defer cancel()
		flush(ctx, tel, log)
	}()

	// Listen before anything is started: a port in use is then an error here.
	public, admin, err := n.listenAll(cfg)
	if err != nil {
		return err
	}
	defer public.Close()
	at := listening{api: public.Addr()}
	if admin != nil {
		defer admin.Close()
		at.admin, at.console = admin.Addr(), bool(cfg.Console)
	}

	if on.demo != nil {
		cfg.demo = on.demo(at)
	}
	g, err := newGateway(n, cfg, getenv, tel, log)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := exit.forClosing()
		defer cancel()
		err = errors.Join(err, g.Close(ctx))
	}()
	errorLog := telemetry.LibraryLog(log, slog.LevelDebug) // debug, because most lines are about broken clients
	server := newDrainable(publicServer(cfg, g.api, errorLog), &g.draining)
	server.RegisterOnShutdown(g.api.EndStreams) // Shutdown calls it once it has closed the listener
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(public) }()
	page := newConsole(cfg, g, tel, on.simulator, at.api)
	defer page.Close()
	if admin != nil {
		operators := &http.Server{Handler: closeWhile(&g.draining, adminHandler(cfg, tel, page)), ReadHeaderTimeout: 5 * time.Second, ErrorLog: errorLog}
		defer operators.Close() // does not wait for a running profile
		go func() { failed <- operators.Serve(admin) }()
	}
	if g.endpoints != nil {
		g.endpoints.loaded = on.loaded
		hangUp := make(chan os.Signal, 1)
		signal.Notify(hangUp, syscall.SIGHUP) // without a file the signal ends the process, as usual
		defer signal.Stop(hangUp)
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		go g.endpoints.watch(ctx, hangUp)
	}
	log.Info("listening", g.running(cfg, at, getenv)...)
	if on.listening != nil {
		on.listening(at)
	}

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Info("draining", "delay", cfg.DrainDelay.String())
	stories.Happened(story.Draining, "", "the gateway is draining, and stops in "+cfg.DrainDelay.String()+" at the earliest")
	page.Drain()
	return server.drain(cfg.DrainDelay, exit)
}

// listenAll opens the public listener and the admin listener, nil if it is off.
func (n Network) listenAll(cfg config) (public, admin net.Listener, err error) {
	if public, err = n.listen(string(cfg.ListenAddr)); err != nil {
		return nil, nil, cannotListen("LISTEN_ADDR", string(cfg.ListenAddr), err)
	}
	if cfg.AdminAddr == "" {
		return public, nil, nil
	}
	if admin, err = n.listen(string(cfg.AdminAddr)); err != nil {
		public.Close()
		return nil, nil, cannotListen("ADMIN_ADDR", string(cfg.AdminAddr), err)
	}
	return public, admin, nil
}

// cannotListen says which variable has the address, and what to do if it is taken.
func cannotListen(variable, addr string, err error) error {
	if !errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s: %w", variable, err)
	}
	host, _, _ := net.SplitHostPort(addr)
	return fmt.Errorf("%[1]s: %[2]s is in use, perhaps by another gateway: stop that, or set %[1]s to another port (%[1]s=%[3]s is any free one)", variable, addr, net.JoinHostPort(host, "0"))
}

// publicServer serves the API. Its time-outs leave some time beyond a request's budget
// to read the request and to write the answer.
func publicServer(cfg config, api http.Handler, errorLog *stdlog.Logger) *http.Server {
	return &http.Server{
		Handler:                      api,
		DisableGeneralOptionsHandler: true, // the API answers OPTIONS * itself
		ReadHeaderTimeout:            5 * time.Second,
		ReadTimeout:                  cfg.RequestTimeout + 5*time.Second,
		WriteTimeout:                 cfg.RequestTimeout + 10*time.Second,
		IdleTimeout:                  2 * time.Minute,
		MaxHeaderBytes:               64 << 10,
		ErrorLog:                     errorLog,
	}
}

// adminHandler serves metrics, profiles and the console to operators. It must not be
// public. page is nil if it is off.
func adminHandler(cfg config, tel *telemetry.Telemetry, page *console.Console) http.Handler {
	r := chi.NewRouter()
	r.Get("/", adminIndex(page != nil, bool(cfg.Pprof)))
	r.Method(http.MethodGet, "/metrics", tel.MetricsPage())
	if cfg.Pprof {
		r.Mount("/debug", middleware.Profiler())
	}
	if page != nil {
		r.Handle("/console", page)
		r.Handle("/console/*", page)
	}
	return r
}
