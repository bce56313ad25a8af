package cli

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/internal/preview"
)

func previewCommand() *cli.Command {
	return &cli.Command{
		Name:      "preview",
		Usage:     "show page, label and report, anew when a file changes",
		ArgsUsage: "[PATH]",
		Description: `PATH is a product's folder, a zip or tar of it, or a declaration; the folder
you stand in when it is left out. The preview answers on this machine only,
until Ctrl-C. Nothing in it is public, and none of it is a mark.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:8026", Usage: "loopback `ADDRESS`"},
			&cli.StringFlag{Name: "at", Usage: "judge as of `DATE`; today when left out"},
			&cli.DurationFlag{Name: "every", Value: 500 * time.Millisecond, Usage: "look for changed files after each `TIME`"},
			unconfinedFlag(),
		},
		Action: showPreview,
	}
}

func showPreview(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() > 1 {
		return usage("preview takes one path, but found %s", strings.Join(cmd.Args().Slice(), " "))
	}
	every := cmd.Duration("every")
	if every < 10*time.Millisecond {
		return usage("--every %s: give a time of 10ms or more", every)
	}
	if _, err := day(cmd.String("at")); err != nil {
		return err
	}
	path := cmd.Args().First()
	if path == "" {
		path = "."
	}
	if _, err := os.Stat(path); err != nil {
		return usage("%s cannot be opened; name a product's folder or its declaration", path)
	}
	l, err := listen(cmd.String("listen"))
	if err != nil {
		return err
	}
	defer l.Close()
	p := preview.New(ctx, path, func(ctx context.Context) (preview.Judged, error) {
		asOf, err := day(cmd.String("at")) // today again, for a preview may run past midnight
		if err != nil {
			return preview.Judged{}, err
		}
		j, err := determination(ctx, cmd, path, asOf)
		return preview.Judged{Declaration: j.Declaration, Assessment: j.Assessment, Catalogue: j.Catalogue}, err
	})
	if ctx.Err() != nil {
		return nil
	}
	what := p.Product()
	if what == "" {
		what = path
	}
	url := "http://" + l.Addr().String() + "/"
	say(cmd.Root().ErrWriter, fmt.Sprintf("The preview of %s is at %s (press Ctrl-C to end)\n", message.Clean(what), url))
	browse(url)
	tick := time.NewTicker(every)
	defer tick.Stop()
	// The goroutine ends with the context, which also ends the server.
	go p.Run(ctx, tick.C)
	srv := &http.Server{Handler: p, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10}
	go func() {
		<-ctx.Done()
		srv.Close()
	}()
	if err := srv.Serve(l); err != http.ErrServerClosed {
		return &iotmark.Error{Kind: iotmark.Unavailable, ID: "listen", Msg: "the preview could not be shown", Err: err}
	}
	return nil
}

// listen opens a loopback address; when its port is taken, any free one.
func listen(addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return nil, usage("--listen %s: give a loopback address such as 127.0.0.1:8026", addr)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		l, err = net.Listen("tcp", net.JoinHostPort(host, "0"))
	}
	if err != nil {
		return nil, &iotmark.Error{Kind: iotmark.Unavailable, ID: "listen", Msg: "no loopback port could be opened", Err: err}
	}
	return l, nil
}

// browse asks the desktop to open an address; without a desktop nothing
// happens, and the address has been printed.
func browse(url string) {
	var cmd *exec.Cmd
	switch {
	case runtime.GOOS == "darwin":
		cmd = exec.Command("open", url)
	case os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != "":
		cmd = exec.Command("xdg-open", url)
	default:
		return
	}
	if cmd.Start() == nil {
		go cmd.Wait()
	}
}
