// Package iotmark holds the words of the Open IoT Mark: the types that every
// other package speaks in. It does no I/O and imports the standard library
// only.
//
// # Glossary
//
// The words are those of the ISO/IEC 17000 family; one word stands for one
// thing in code, data, pages and documents.
//
//   - Product: a physical thing that communicates to do its work, together
//     with every device, hub, cloud and app its maker supplies for it. The
//     mark is given to this whole (the object of conformity).
//   - Scope: product, versions and services that a mark speaks about.
//   - Maker: the identifiable company or group that answers for the product.
//   - Party: anybody else with a duty for the product.
//   - Declaration: the file iotmark.yaml in which a maker describes one
//     product and answers the criteria.
//   - Dossier: a declaration together with the evidence files beside it, in
//     a folder, a zip or a tar.
//   - Catalogue, edition: the criteria, in a frozen state. A product is
//     judged by one edition and never by a mixture.
//   - Topic: one of the eight subjects of the catalogue.
//   - Criterion: one requirement of the catalogue (a specified requirement).
//   - Instrument, provision: an outside law, standard, scheme or guideline,
//     and one requirement of it.
//   - Claim: what the maker states about one criterion (first party).
//   - Evidence: something outside the claim by which others can judge it.
//     Its kind is a role (sbom, firmware-image); the format is sniffed.
//   - Standing: whether a piece of evidence can be counted, and why not.
//   - Facts: what a reader took out of the bytes of one piece of evidence.
//     Product facts are another thing: the maker's answers that decide which
//     criteria apply.
//   - Check: a function from facts to findings, with an id and a version.
//   - Finding: the result of one check, with the place in the evidence. Its
//     outcome is one of the five of W3C EARL.
//   - Determination: finding out: readers, checks, inspection.
//   - Method, inspection note: what a person does, records and concludes by
//     rule; and the record of one person who followed it for one criterion.
//   - Conclusion: the verdict on one criterion, with its reasons and with
//     the assurance reached.
//   - Assurance: how we know: declared < shown < checked < assessed < tested.
//   - Assessment: all conclusions on one product at one date.
//   - Nonconformity: a criterion that is not met.
//   - Review, decision: another person recommends; a committee decides.
//   - Attestation, statement of conformity: the signed outcome.
//   - Surveillance, suspension, restoration, withdrawal, expiry: the life of
//     a mark after it was given.
//   - Complaint, appeal: about a mark; against a decision.
//   - Open declaration, certified mark: the two tracks. The first is the
//     maker's own words with the machine's findings, without artwork; the
//     second rests on independent people.
//
// # Values that are not known
//
// What a maker leaves out is unknown, and unknown is printed. The zero value
// of every optional field of a [Declaration] therefore means unknown, never
// "no" and never "none".
package iotmark
