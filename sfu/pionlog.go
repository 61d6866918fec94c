package sfu

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// pionLog hands pion's log to ours. pion warns of things any client can cause
// at will, so all of it is debug for us.
type pionLog struct{ log *slog.Logger }

func (p pionLog) NewLogger(scope string) logging.LeveledLogger {
	return scopedLog{p.log.With("scope", "pion/"+scope)}
}

type scopedLog struct{ log *slog.Logger }

func (l scopedLog) print(msg string) { l.log.Debug(msg) }

func (l scopedLog) printf(format string, args []any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug(fmt.Sprintf(format, args...))
	}
}

func (l scopedLog) Trace(string)                      {}
func (l scopedLog) Tracef(string, ...any)             {}
func (l scopedLog) Debug(string)                      {}
func (l scopedLog) Debugf(string, ...any)             {}
func (l scopedLog) Info(msg string)                   { l.print(msg) }
func (l scopedLog) Infof(format string, args ...any)  { l.printf(format, args) }
func (l scopedLog) Warn(msg string)                   { l.print(msg) }
func (l scopedLog) Warnf(format string, args ...any)  { l.printf(format, args) }
func (l scopedLog) Error(msg string)                  { l.print(msg) }
func (l scopedLog) Errorf(format string, args ...any) { l.printf(format, args) }
