package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"unicode/utf8"

	"github.com/urfave/cli/v3"
	"golang.org/x/term"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/key"
	"github.com/open-iot-mark/iotmark/internal/message"
)

// passphraseFlags are the flags of commands that open a key.
func passphraseFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "passphrase-file", Usage: "the key's passphrase: the first line of `FILE`"},
		&cli.StringFlag{Name: "passphrase-fd", Usage: "or of the open file `NUMBER`, as services get it"},
		&cli.StringFlag{Name: "identity", Usage: "age identity `FILE`, for a key locked to recipients"},
	}
}

// newPassphraseFlags are the flags of commands that make a key.
func newPassphraseFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "passphrase-file", Usage: "lock it with the first line of `FILE`; else asked for"},
		&cli.StringFlag{Name: "passphrase-fd", Usage: "take the passphrase from the open file `NUMBER`"},
		&cli.BoolFlag{Name: "no-passphrase", Usage: "leave the key unlocked"},
	}
}

// newPassphrase returns what a new key is locked with; nothing leaves it
// unlocked.
func newPassphrase(cmd *cli.Command) ([]byte, error) {
	if pass, given, err := givenPassphrase(cmd); given || err != nil {
		if err == nil && cmd.Bool("no-passphrase") {
			clear(pass)
			return nil, usage("--no-passphrase and a passphrase were given; choose one")
		}
		return pass, err
	}
	if cmd.Bool("no-passphrase") {
		return nil, nil
	}
	pass, err := askPassphrase(cmd, "Passphrase (empty for none):")
	if err != nil {
		return nil, err
	}
	again, err := askPassphrase(cmd, "The same again:")
	defer clear(again)
	if err == nil && !bytes.Equal(pass, again) {
		err = usage("the two passphrases differ; nothing was written")
	}
	if err != nil {
		clear(pass)
		return nil, err
	}
	return pass, nil
}

// givenPassphrase takes the passphrase from a file or an open file, when the
// command names one. An empty one is refused: whoever names a file means to
// lock.
func givenPassphrase(cmd *cli.Command) (pass []byte, given bool, err error) {
	name, number := cmd.String("passphrase-file"), cmd.String("passphrase-fd")
	var f *os.File
	switch {
	case name != "" && number != "":
		return nil, false, usage("--passphrase-file and --passphrase-fd were given; choose one")
	case name != "":
		if f, err = os.Open(name); err != nil {
			return nil, false, noPassphrase(err)
		}
	case number != "":
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil || n == 1 || n == 2 {
			return nil, false, usage("--passphrase-fd %s: give the number of a file that is open for reading: 0, or 3 and up", number)
		}
		f = os.NewFile(uintptr(n), "passphrase")
		if _, err := f.Stat(); err != nil {
			return nil, false, noPassphrase(fmt.Errorf("file %d is not open", n))
		}
		name = "the open file " + number
	default:
		return nil, false, nil
	}
	defer f.Close()
	if pass, err = firstLine(f); err != nil {
		return nil, false, noPassphrase(err)
	}
	if len(pass) == 0 {
		return nil, false, noPassphrase(fmt.Errorf("the first line of %s is empty", name))
	}
	return pass, true, nil
}

func noPassphrase(err error) error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: "passphrase-missing", Msg: "the passphrase cannot be read", Err: err}
}

const maxPassphrase = 4096

// firstLine reads no further than the first line, so that a pipe that stays
// open holds nobody up.
func firstLine(r io.Reader) ([]byte, error) {
	b := make([]byte, 0, maxPassphrase)
	one := make([]byte, 1)
	for len(b) < maxPassphrase {
		n, err := r.Read(one)
		if n == 1 && one[0] == '\n' || err == io.EOF {
			return bytes.TrimSuffix(b, []byte("\r")), nil
		}
		if err != nil {
			clear(b)
			return nil, err
		}
		b = append(b, one[:n]...)
	}
	clear(b)
	return nil, fmt.Errorf("the first line has more than %d bytes", maxPassphrase-1)
}

// askPassphrase asks on the terminal and shows nothing of what is typed.
func askPassphrase(cmd *cli.Command, prompt string) ([]byte, error) {
	in, ok := cmd.Root().Reader.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "passphrase-missing", Msg: "a passphrase is needed, and there is no terminal to ask on; give --passphrase-file FILE or --passphrase-fd NUMBER"}
	}
	// Echo goes off before anything is asked, so that nothing is shown of what
	// is typed early.
	state, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return nil, noPassphrase(err)
	}
	fmt.Fprint(cmd.Root().ErrWriter, message.Clean(prompt)+" ")
	pass, err := typed(in)
	err = errors.Join(err, term.Restore(int(in.Fd()), state))
	fmt.Fprintln(cmd.Root().ErrWriter)
	if err != nil {
		clear(pass)
		return nil, &iotmark.Error{Kind: iotmark.Interrupted, ID: "interrupted", Msg: "no passphrase was given; nothing was written", Err: err}
	}
	return pass, nil
}

// typed takes what somebody types on a terminal in raw mode, up to the end of
// the line. It is no string, so that it can be wiped.
func typed(r io.Reader) ([]byte, error) {
	b := make([]byte, 0, maxPassphrase)
	one := make([]byte, 1)
	for {
		if n, err := r.Read(one); n == 0 && err != nil {
			clear(b)
			return nil, errors.New("the terminal was closed")
		} else if n == 0 {
			continue
		}
		switch c := one[0]; c {
		case '\r', '\n':
			return b, nil
		case 3, 4: // Ctrl-C, Ctrl-D
			clear(b)
			return nil, errors.New("it was broken off")
		case 8, 127: // one character back
			_, n := utf8.DecodeLastRune(b)
			clear(b[len(b)-n:])
			b = b[:len(b)-n]
		case 21: // Ctrl-U: from the start again
			clear(b)
			b = b[:0]
		default:
			if len(b) == maxPassphrase {
				clear(b)
				return nil, fmt.Errorf("it has more than %d bytes", maxPassphrase)
			}
			b = append(b, c)
		}
	}
}

// openKey opens the key that a command was given.
func openKey(cmd *cli.Command, file string) (*key.Key, error) {
	return key.Unlock{Socket: os.Getenv("SSH_AUTH_SOCK"), Identity: cmd.String("identity"), Passphrase: func() ([]byte, error) {
		if pass, given, err := givenPassphrase(cmd); given || err != nil {
			return pass, err
		}
		return askPassphrase(cmd, "Passphrase of "+file+":")
	}}.Open(file)
}
