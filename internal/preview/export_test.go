package preview

import "context"

// Step is one tick of Run, at whose end a test knows that the look has ended.
func (p *Preview) Step(ctx context.Context) { p.step(ctx) }
