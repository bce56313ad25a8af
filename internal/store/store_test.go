package store_test

import (
	"os"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/store/pgtest"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

func TestEngines(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, storetest.Run)
}
