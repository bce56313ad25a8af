package store

import (
	"errors"
	"io/fs"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/open-iot-mark/iotmark"
)

func ms(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// lost reports whether a transaction failed only because another was at work:
// the same again may succeed.
func lost(err error) bool {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()&0xff == sqlite3.SQLITE_BUSY || e.Code()&0xff == sqlite3.SQLITE_LOCKED
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		// serialization_failure, deadlock_detected; PostgreSQL 18, appendix A
		return e.Code == "40001" || e.Code == "40P01"
	}
	return false
}

// Taken reports whether err says that a row with the same key is there
// already.
func Taken(err error) bool {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY || e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == "23505"
}

// trouble is what the engines say in codes of their own, in our words.
var trouble = []struct {
	id     iotmark.ErrorID
	msg    string
	sqlite []int    // primary result codes
	pg     []string // SQLSTATE, or its class
}{
	{"store-full", "the disk of the database is full; make room, nothing is lost meanwhile",
		[]int{sqlite3.SQLITE_FULL}, []string{"53100"}},
	{"store-read-only", "the database can only be read; give this program the right to write to its file and folder",
		[]int{sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}, []string{"25006", "42501"}},
	{"store-damaged", "the file of the database is damaged, or is no database; put back a backup, the public part is made again from the log",
		[]int{sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}, []string{"XX001", "XX002"}},
	{"store-busy", "others hold the database for too long; try again, and see what else uses it",
		[]int{sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}, []string{"40001", "40P01", "55P03", "53300"}},
	{"store-unreachable", "the database cannot be opened or reached; see its address, and that its folder or server is there",
		[]int{sqlite3.SQLITE_CANTOPEN}, []string{"08", "57P", "3D000", "28"}},
	{"store-failing", "the disk of the database fails; see the messages of the system",
		[]int{sqlite3.SQLITE_IOERR}, []string{"58"}},
}

// tell gives errors of the engine that somebody can mend an id and words; all
// others pass as they are.
func (d *DB) tell(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*iotmark.Error](err); ok {
		return err
	}
	say := func(id iotmark.ErrorID, msg string) error {
		return &iotmark.Error{Kind: iotmark.Unavailable, ID: id, Msg: d.name + ": " + msg, Err: err}
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		for _, t := range trouble {
			for _, c := range t.sqlite {
				if e.Code()&0xff == c {
					return say(t.id, t.msg)
				}
			}
		}
		return err
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		for _, t := range trouble {
			for _, c := range t.pg {
				if strings.HasPrefix(e.Code, c) {
					return say(t.id, t.msg)
				}
			}
		}
		return err
	}
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		switch {
		case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
			return say(trouble[1].id, trouble[1].msg)
		case errors.Is(err, syscall.ENOSPC):
			return say(trouble[0].id, trouble[0].msg)
		}
		return say(trouble[4].id, trouble[4].msg)
	}
	_, refused := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[*net.OpError](err)
	if refused || network {
		return say(trouble[4].id, trouble[4].msg)
	}
	return err
}
