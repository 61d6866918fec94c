package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"mentara/internal/fault"
)

// strictHuma sets the two switches huma keeps as package variables, once for
// the process: keys match exactly, and a list is never null.
var strictHuma = sync.OnceFunc(func() {
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
})

// Register adds a typed JSON operation. op needs Method, Path (/api/v1/…, with
// {name} segments), OperationID (a camelCase verb), Summary and Tags;
// MaxBodyBytes above 64 KiB if it takes more. Before h runs, the caller was
// admitted by access and the body read whole, strictly parsed and validated
// against I. An error of h becomes a problem.
func Register[I, O any](s *Server, op huma.Operation, access Access, h func(context.Context, *I) (*O, error)) {
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = defaultMaxBody
	}
	op.RejectUnknownQueryParameters = true
	describe(s.huma, &op, access)
	gate := &gate{server: s, access: access, maxBody: op.MaxBodyBytes}
	op.Middlewares = append(huma.Middlewares{gate.pass}, op.Middlewares...)
	// The gate has capped and timed the body; huma reads it from memory.
	op.MaxBodyBytes, op.BodyReadTimeout = -1, 0
	huma.Register(s.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		if err != nil {
			return nil, problemOf(ctx, err)
		}
		return out, nil
	})
	s.mustBindPath(op)
}

// mustBindPath panics at registration if a segment of the path has no field in
// the input: huma skips embedded structs that are not exported, and the id of
// every request would be empty.
func (s *Server) mustBindPath(op huma.Operation) {
	if op.Hidden {
		return
	}
	bound := map[string]bool{}
	for _, documented := range operations(s.huma.OpenAPI().Paths[op.Path]) {
		if documented.OperationID == op.OperationID {
			for _, p := range documented.Parameters {
				bound[p.Name] = p.In == "path" || bound[p.Name]
			}
		}
	}
	for segment := range strings.SplitSeq(op.Path, "/") {
		name, isParam := strings.CutPrefix(segment, "{")
		if isParam && !bound[strings.TrimSuffix(name, "}")] {
			panic("api: " + op.OperationID + " has no field for " + segment)
		}
	}
}

func operations(item *huma.PathItem) []*huma.Operation {
	all := []*huma.Operation{item.Get, item.Put, item.Post, item.Delete, item.Patch}
	return slices.DeleteFunc(all, func(op *huma.Operation) bool { return op == nil })
}

// gate stands before every typed operation.
type gate struct {
	server  *Server
	access  Access
	maxBody int64
}

func (g *gate) pass(ctx huma.Context, next func(huma.Context)) {
	c := humagin.Unwrap(ctx)
	r, err := g.server.admit(c.Request, g.access)
	if err == nil {
		c.Request = r
		err = acceptsJSON(r)
	}
	if err == nil && ctx.Operation().RequestBody != nil {
		err = readJSONBody(c.Request, scopeOf(r.Context()).w, g.maxBody, g.server.slowBody, ctx.Operation().RequestBody.Required)
	}
	if err != nil {
		WriteProblem(c.Writer, c.Request, err)
		return
	}
	next(ctx)
}

func humaConfig(o Options) huma.Config {
	cfg := huma.DefaultConfig("Mentara", o.Version)
	cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath = "", "", "" // the docs page loads from a CDN
	cfg.CreateHooks = nil                                       // no $schema member in answers
	asJSON := huma.Format{Marshal: marshalJSON, Unmarshal: json.Unmarshal}
	// "json" is what huma looks up for application/problem+json.
	cfg.Formats = map[string]huma.Format{"application/json": asJSON, "json": asJSON}
	cfg.Transformers = []huma.Transformer{transform}
	cfg.Info.Description = "Everything a practice asks for over HTTP. What people live together goes over the WebSocket: see PROTOCOL.md."
	cfg.Components.SecuritySchemes = securitySchemes()
	return cfg
}

func marshalJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// transform gives every answer its final shape: huma's own errors become
// problems, and nil lists become empty ones.
func transform(ctx huma.Context, _ string, v any) (any, error) {
	if e, ok := v.(*huma.ErrorModel); ok {
		return fromHuma(ctx.Context(), e), nil
	}
	return withoutNil(v), nil
}

func securitySchemes() map[string]*huma.SecurityScheme {
	return map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: "__Host-mentara", Description: "Server-side session, set by sign-in."},
		"token":   {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "Room access token, bound to one room."},
	}
}

// describe documents what the kit itself may answer for an operation.
func describe(h huma.API, op *huma.Operation, access Access) {
	schema := h.OpenAPI().Components.Schemas.Schema(problemType, true, "Problem")
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	statuses := append([]int{http.StatusTooManyRequests}, op.Errors...)
	op.Errors = nil // huma would document its own model
	if access != Public {
		statuses = append(statuses, http.StatusUnauthorized, http.StatusForbidden)
	}
	for _, status := range statuses {
		op.Responses[strconv.Itoa(status)] = problemResponse(http.StatusText(status), schema)
	}
	op.Responses["default"] = problemResponse("Any other problem", schema)
	switch {
	case access == Public:
		op.Security = []map[string][]string{}
	case access&tokens != 0:
		op.Security = []map[string][]string{{"session": {}}, {"token": {}}}
	default:
		op.Security = []map[string][]string{{"session": {}}}
	}
}

func problemResponse(text string, schema *huma.Schema) *huma.Response {
	return &huma.Response{Description: text, Content: map[string]*huma.MediaType{
		"application/problem+json": {Schema: schema},
	}}
}

// OpenAPI is the OpenAPI 3.1 document of every registered operation, indented
// and in a stable order, so that it can be kept in the repository and compared.
func (s *Server) OpenAPI() ([]byte, error) {
	// huma registers the schema of its error model; nothing here refers to it.
	for _, unused := range []string{"ErrorModel", "ErrorDetail"} {
		delete(s.huma.OpenAPI().Components.Schemas.Map(), unused)
	}
	return stableJSON(s.huma.OpenAPI())
}

// notFound is the one answer for what is absent or not the caller's to know.
func notFound() error {
	return fault.New(fault.NotFound, "not_found", "There is no such thing here.")
}
