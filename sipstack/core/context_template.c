/* SPDX-License-Identifier: MIT */
/* Context templates (K10): services, managers and order checked once; a context with all its
 * services is one block, and an interface is found by one table. Core thread; set up on any. */
#include "sipstack/core/core_priv.h"

enum { BLOCK_ALIGN = 16, BLOCK_MAX = 1 << 20 };

typedef struct template_part {
    const peal_clsid *clsid;
    const peal_class *cls;
    void *manager;
    uint32_t offset;  /* of the part in a context's block */
    uint32_t service; /* of its peal_sip_service in the block */
} template_part;

/* Where an interface stands in the block. */
typedef struct template_if {
    const peal_iid *iid;
    uint32_t offset;
    uint16_t part;
} template_if;

struct peal__template {
    peal_obj obj;
    peal_sip_context_template face;
    peal__core *core; /* counted */
    template_part *parts;
    template_if *ifs;
    uint16_t part_count, if_count;
    uint32_t block_bytes;
    bool has_more; /* some part answers for parts of its own */
    bool used;
};

static peal__template *template_of(peal_sip_context_template *self)
{
    return PEAL_CONTAINER_OF(self, peal__template, face);
}

static uint32_t aligned(size_t bytes)
{
    return (uint32_t)((bytes + BLOCK_ALIGN - 1) & ~(size_t)(BLOCK_ALIGN - 1));
}

size_t peal__template_count(const peal__template *template)
{
    return template->part_count;
}

peal_sip_service *peal__template_service(const peal__template *template, const peal__ctx *ctx,
                                         size_t index)
{
    const char *block = (const char *)ctx;
    return (peal_sip_service *)(uintptr_t)(block + template->parts[index].service);
}

const peal_clsid *peal__template_clsid(const peal__template *template, size_t index)
{
    return template->parts[index].clsid;
}

peal_obj *peal__template_obj(const peal__template *template, peal__ctx *ctx, size_t index)
{
    return (peal_obj *)(void *)((char *)ctx + template->parts[index].offset);
}

void peal__template_unref(peal__template *template)
{
    if (template) {
        peal_sip_context_template_unref(&template->face);
    }
}

static const template_if *find_if(const peal__template *t, const peal_iid *iid)
{
    for (size_t i = 0; i < t->if_count; i++) { /* nearly always the same object */
        if (t->ifs[i].iid == iid) {
            return &t->ifs[i];
        }
    }
    for (size_t i = 0; i < t->if_count; i++) {
        if (peal_iid_eq(t->ifs[i].iid, iid)) {
            return &t->ifs[i];
        }
    }
    return NULL;
}

peal_result peal__template_query(const peal__template *t, peal__ctx *ctx, const peal_iid *iid,
                                 void **ret)
{
    const template_if *found = find_if(t, iid);
    if (found && found->part < ctx->built) {
        peal_unk *face = (peal_unk *)(void *)((char *)ctx + found->offset);
        face->vt->ref(face);
        *ret = face;
        return PEAL_OK;
    }
    for (size_t i = 0; t->has_more && i < ctx->built; i++) {
        peal_unk *inner = &peal__template_obj(t, ctx, i)->inner;
        if (t->parts[i].cls->more && inner->vt->query(inner, iid, ret) >= 0) {
            return PEAL_OK;
        }
    }
    return PEAL_E_NO_IF;
}

/* ---- adding ---- */

static const peal_clsid *clsid_at(const void *list, size_t index)
{
    return peal__template_clsid(list, index);
}

static size_t count_ifs(const peal_class *cls)
{
    size_t n = 0;
    for (const peal_if_entry *e = cls->ifs; e && e->iid; e++) {
        n += !peal_iid_eq(e->iid, &peal_sip_service_iid);
    }
    return n;
}

static peal_result make_room(peal__template *t, const peal_class *cls)
{
    template_part *parts = peal_realloc(t->parts, (t->part_count + 1u) * sizeof *parts);
    if (!parts) {
        return PEAL_E_NO_MEMORY;
    }
    t->parts = parts;
    template_if *ifs = peal_realloc(t->ifs, (t->if_count + count_ifs(cls) + 1) * sizeof *ifs);
    if (!ifs) {
        return PEAL_E_NO_MEMORY;
    }
    t->ifs = ifs;
    return PEAL_OK;
}

static void append(peal__template *t, const peal_clsid *clsid, const peal_class *cls,
                   size_t service, void *manager)
{
    const uint32_t offset = t->block_bytes;
    for (const peal_if_entry *e = cls->ifs; e->iid; e++) {
        if (!peal_iid_eq(e->iid, &peal_sip_service_iid)) {
            t->ifs[t->if_count++] =
                (template_if){ e->iid, offset + (uint32_t)e->offset, t->part_count };
        }
    }
    t->parts[t->part_count++] = (template_part){ .clsid = clsid,
                                                 .cls = cls,
                                                 .manager = manager,
                                                 .offset = offset,
                                                 .service = offset + (uint32_t)service };
    t->block_bytes = aligned(offset + cls->size);
    t->has_more = t->has_more || cls->more;
}

static peal_result add(peal_sip_context_template *self, const peal_clsid *clsid, void *manager)
{
    peal__template *t = template_of(self);
    size_t service = 0;
    if (t->used) {
        return PEAL_E_STATE;
    }
    const peal_class *cls = clsid ? peal_class_find(clsid) : NULL;
    if (!cls) {
        return PEAL_E_NO_CLASS;
    }
    if (cls->flags & PEAL_CLASS_NO_AGGREGATION) {
        return PEAL_E_NO_AGGREGATION;
    }
    peal_result r = peal__class_service(cls, &service);
    if (r >= 0) {
        r = peal__order_check(clsid_at, t, t->part_count, clsid);
    }
    if (r >= 0 && t->block_bytes + cls->size > BLOCK_MAX) {
        r = PEAL_E_LIMIT;
    }
    if (r >= 0) {
        r = make_room(t, cls);
    }
    if (r >= 0) {
        append(t, clsid, cls, service, manager);
    }
    return r < 0 ? r : PEAL_OK;
}

/* ---- making ---- */

static peal_result build_part(peal__template *t, peal__ctx *ctx, size_t index)
{
    const template_part *part = &t->parts[index];
    peal_result r = peal_obj_new_at(part->cls, &ctx->obj.inner, (char *)ctx + part->offset, NULL);
    if (r < 0) {
        return r;
    }
    ctx->built++;
    return peal__ctx_introduce(ctx, peal__template_service(t, ctx, index), part->manager);
}

static peal_result make(peal_sip_context_template *self, void *opaque, peal_sip_context **ret)
{
    peal__template *t = template_of(self);
    peal__ctx *ctx = NULL;
    /* A template that made one context is sealed: what it lacks cannot have changed. */
    peal_result r = t->used ? PEAL_OK : peal__order_complete(clsid_at, t, t->part_count);
    if (r >= 0) {
        r = peal__ctx_make(t->core, t->block_bytes, &ctx);
    }
    if (r < 0) {
        return r;
    }
    t->used = true;
    ctx->template = t;
    (void)peal_sip_context_template_ref(&t->face);
    ctx->opaque = opaque;
    for (size_t i = 0; r >= 0 && i < t->part_count; i++) {
        r = build_part(t, ctx, i);
    }
    if (r < 0) {
        peal__ctx_clear(ctx);
        peal_sip_context_unref(&ctx->context);
        return r;
    }
    *ret = &ctx->context;
    return PEAL_OK;
}

static const peal_sip_context_template_vt face_vt = {
    .unk = PEAL_UNK(peal__template, face),
    .add = add,
    .make = make,
};

static void template_fini(peal_obj *obj)
{
    peal__template *t = (peal__template *)(void *)obj;
    peal_free(t->parts);
    peal_free(t->ifs);
    if (t->core) {
        peal_sip_core_config_unref(&t->core->config);
    }
}

static const peal_if_entry template_ifs[] = {
    PEAL_IF(peal_sip_context_template, peal__template, face, face_vt), PEAL_IF_END
};
static const peal_class template_class = {
    .struct_size = sizeof template_class,
    .name = "peal.sip.context_template",
    .size = sizeof(peal__template),
    .flags = PEAL_CLASS_NO_AGGREGATION,
    .ifs = template_ifs,
    .fini = template_fini,
};

peal_result peal_sip_context_template_new(peal_sip_core_config *core,
                                          peal_sip_context_template **ret)
{
    void *p = NULL;
    peal_result r = peal_obj_new(&template_class, NULL, &p);
    if (r < 0) {
        return r;
    }
    peal__template *t = p;
    t->core = peal__core_of(core);
    (void)peal_sip_core_config_ref(core);
    t->block_bytes = aligned(sizeof(peal__ctx));
    *ret = &t->face;
    return PEAL_OK;
}
